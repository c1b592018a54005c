"""Any text in a file and any value anywhere: defaults with a notice, or one clear line; never a traceback."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.errors import SettingsError
from voicetrail.keys import rebind
from voicetrail.settings import SETTINGS, Settings, load_settings
from voicetrail.settings.files import apply_changes, dump
from voicetrail.spotting.detector import DetectorSettings

NAMES = st.sampled_from([*SETTINGS, "keys", "thresholds.left", "fly"])
LITERALS = st.sampled_from(
    [
        "1",
        "-1",
        "0.5",
        "nan",
        "-inf",
        "1e400",
        "true",
        "'auto'",
        "'shipped'",
        "''",
        "[]",
        "[1]",
        "{}",
        "{left = 0.5}",
        "1979-05-27",
        "07:32:00",
        "'\\u001b'",
        '"\\u001b[2J"',
        "{left = {a = 1}}",
        "'fast'",
        "'../x'",
        "0x10",
        "[[[]]]",
        '"\\ud800"',
        "9999999999999999999999999",
    ]
)
LINES = st.one_of(
    st.builds("{} = {}".format, NAMES, LITERALS), st.builds("[{}]".format, NAMES), st.text(max_size=20), st.just("# comment")
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=8), st.one_of(st.floats(), st.integers(), st.text(max_size=3)), max_size=3),
)


def check_all(loaded: Settings) -> None:
    """Every value is one that its setting allows, and the game can go by it."""
    for name, setting in SETTINGS.items():
        assert setting.check(loaded[name]) == loaded[name]
        assert loaded.origin(name)
        assert loaded.show(name).isprintable()
    for notice in loaded.notices:
        assert "\x1b" not in notice
    loaded.detector_settings(DetectorSettings())
    rebind(loaded.keys)


def env_in(folder: str) -> dict[str, str]:
    return {"VOICETRAIL_CONFIG_DIR": f"{folder}/config", "VOICETRAIL_STATE_DIR": f"{folder}/state"}


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.lists(LINES, max_size=8).map("\n".join).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(max_size=60),
    )
)
def test_arbitrary_files_give_settings(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = env_in(folder)
        for name in ("config/settings.toml", "state/state.toml"):
            path = Path(folder, name)
            path.parent.mkdir()
            path.write_bytes(content)
        loaded = load_settings(env=env)
        check_all(loaded)
        loaded.set("step", 4)
        assert load_settings(env=env)["step"] == 4


@settings(max_examples=150, deadline=None)
@given(NAMES, VALUES)
def test_arbitrary_values_are_accepted_or_refused(name: str, value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = env_in(folder)
        loaded = load_settings(env=env)
        try:
            loaded.set(name, value)
        except SettingsError:
            assert loaded.origin(name if name in SETTINGS else "step") == "default"
        check_all(loaded)
        if name in SETTINGS:
            assert load_settings(env=env)[name] == loaded[name]


@settings(max_examples=100, deadline=None)
@given(NAMES, st.one_of(st.text(max_size=20), st.sampled_from(["left=0.5", "left=", "=1", "1e999", "٣", "left=0.5,left=2"])))
def test_arbitrary_texts_of_flags_and_variables_are_accepted_or_refused(name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = env_in(folder)
        for flags, variables in (({name: text}, {}), ({}, {f"VOICETRAIL_{name.upper()}": text})):
            try:
                loaded = load_settings(flags, env={**env, **variables})
            except SettingsError:
                continue
            check_all(loaded)


ENTRIES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    st.one_of(
        st.booleans(),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(ENTRIES, st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), ENTRIES, max_size=2))
def test_dumped_settings_can_be_loaded(entries: dict[str, object], tables: dict[str, dict[str, object]]) -> None:
    given = {**entries, **tables}
    assert tomllib.loads(dump(given)) == given


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "t.x", "t.y", "t"]), st.sampled_from([None, 1, 2])), max_size=8))
def test_separate_and_joint_changes_give_the_same_result(changes: list[tuple[str, int | None]]) -> None:
    singly: dict[str, object] = {}
    for name, value in changes:
        singly = apply_changes(singly, {name: value})
    assert all(singly[name] is not None for name in singly)
    assert tomllib.loads(dump(singly)) == singly
