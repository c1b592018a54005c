"""Sets of words are kept, renamed, deleted, exported and imported; a file from elsewhere is checked before anything of it counts."""

from __future__ import annotations

import io
import json
import random
import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.teaching.sets import MEANINGS, example_set, keep_untrained
from voicetrail.errors import TeachingError, WeightsError
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching import exchange, word_sets
from voicetrail.teaching.collecting import drafts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one set, ``mine``, on an untrained head."""
    keep_untrained("mine", tmp_path / "words", with_takes=True)
    return tmp_path / "words"


def test_a_set_is_listed_as_it_was_kept(folder: Path) -> None:
    (info,) = word_sets.list_sets(folder)
    assert (info.name, info.words, info.meanings, info.threshold) == ("mine", ("links", "rechts"), MEANINGS, 0.8)


def test_a_set_is_renamed_and_deleted_with_everything_in_it(folder: Path) -> None:
    word_sets.rename_set("mine", "yours", folder)
    assert [info.name for info in word_sets.list_sets(folder)] == ["yours"]
    word_sets.delete_set("yours", folder)
    assert [*folder.rglob("*")] == []
    with pytest.raises(TeachingError, match="none yet"):
        word_sets.set_folder("yours", folder)


def test_a_renamed_set_takes_along_what_is_not_trained_yet(folder: Path) -> None:
    drafts.save_draft(drafts.Draft("mine", tuple(MEANINGS), MEANINGS), example_set(), folder)
    drafts.rename_set("mine", "été", folder)
    assert [info.name for info in word_sets.list_sets(folder)] == ["été"]
    assert [(draft.name, draft.takes) for draft in drafts.list_drafts(folder)] == [("été", 6)]
    keep_untrained("mine", folder)
    with pytest.raises(TeachingError, match="not trained yet; choose another name"):
        drafts.rename_set("mine", "e\u0301te\u0301", folder)
    with pytest.raises(TeachingError, match="has this name already"):
        drafts.rename_set("mine", "mine", folder)
    with drafts.only_program("mine", folder), pytest.raises(TeachingError, match="another program is teaching mine"):
        drafts.rename_set("mine", "other", folder)
    assert [info.name for info in word_sets.list_sets(folder)] == ["mine", "été"]


def test_an_exported_set_is_the_same_after_import(folder: Path, tmp_path: Path) -> None:
    exchange.export_set("mine", tmp_path / "a.vtwords", folder=folder)
    info = exchange.import_set(tmp_path / "a.vtwords", "again", folder=folder)
    assert (info.words, info.meanings) == (("links", "rechts"), MEANINGS)
    one, two = folder / "mine", folder / "again"
    names = sorted(path.relative_to(one).as_posix() for path in one.rglob("*"))
    assert names == sorted(path.relative_to(two).as_posix() for path in two.rglob("*"))
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names if (one / name).is_file())


def test_an_export_can_leave_the_voice_out(folder: Path, tmp_path: Path) -> None:
    exchange.export_set("mine", tmp_path / "a.vtwords", examples=False, folder=folder)
    assert sorted(zipfile.ZipFile(tmp_path / "a.vtwords").namelist()) == ["set.json", "words.safetensors"]
    assert stat.S_IMODE((tmp_path / "a.vtwords").stat().st_mode) == 0o600


def test_everything_kept_is_private(folder: Path, tmp_path: Path) -> None:
    exchange.export_set("mine", tmp_path / "a.vtwords", folder=folder)
    exchange.import_set(tmp_path / "a.vtwords", "again", folder=folder)
    for path in (folder / "again").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == word_sets.WEIGHTS, path
    assert stat.S_IMODE((folder / "again").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".x", "x" * 60, "a\x1b", "directional4w"])
def test_a_name_with_a_path_in_it_or_of_shipped_weights_is_refused(name: str, folder: Path) -> None:
    with pytest.raises(TeachingError), word_sets.storing(name, folder):
        pass


@pytest.mark.parametrize(
    "member", ["../evil", "/etc/passwd", "examples/../../evil", "examples/a/b/c.wav", "extra.py", "examples/..\\evil/room.wav"]
)
def test_a_file_with_a_hostile_name_in_it_writes_nothing(member: str, folder: Path, tmp_path: Path) -> None:
    exchange.export_set("mine", tmp_path / "a.vtwords", folder=folder)
    with zipfile.ZipFile(tmp_path / "a.vtwords", "a") as archive:
        archive.writestr(member, b"x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TeachingError):
        exchange.import_set(tmp_path / "a.vtwords", "again", folder=folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_unpacks_to_more_than_any_set_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "FILE_MAX", 1000)
    exchange.export_set("mine", tmp_path / "a.vtwords", folder=folder)
    with pytest.raises(TeachingError, match="more than any set"):
        exchange.import_set(tmp_path / "a.vtwords", "again", folder=folder)


def test_a_set_of_a_later_version_is_said_to_be_one(folder: Path, tmp_path: Path) -> None:
    path = folder / "mine" / word_sets.ABOUT
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 9}))
    assert word_sets.list_sets(folder) == []
    ((name, reason),) = word_sets.damaged_sets(folder)
    assert name == "mine"
    assert "version 9" in reason


def test_mutated_files_give_a_set_or_one_line_and_leave_nothing(folder: Path, tmp_path: Path) -> None:
    exchange.export_set("mine", tmp_path / "a.vtwords", folder=folder)
    whole = (tmp_path / "a.vtwords").read_bytes()
    rng = random.Random(11)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 3, 30))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        (tmp_path / "b.vtwords").write_bytes(data)
        message = ""
        try:
            exchange.import_set(tmp_path / "b.vtwords", "again", folder=folder)
            word_sets.delete_set("again", folder)
        except (TeachingError, WeightsError) as error:
            message = str(error)
        assert message.isprintable()
    assert sorted(path.name for path in folder.iterdir()) == ["mine"]


def test_a_disk_that_is_full_in_the_middle_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in (folder / "mine").rglob("*") if path.is_file()}

    def fill_the_disk() -> None:
        with word_sets.storing("mine", folder) as partial:
            (partial / "half").write_bytes(b"x")
            raise OSError(28, "No space left on device")

    with pytest.raises(TeachingError, match="No space"):
        fill_the_disk()
    assert {path: path.read_bytes() for path in (folder / "mine").rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in folder.iterdir()) == ["mine"]


def test_an_unreadable_archive_is_one_line(tmp_path: Path, folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("set.json", "{}")
    (tmp_path / "a.vtwords").write_bytes(buffer.getvalue())
    with pytest.raises(TeachingError, match="no exported set"):
        exchange.import_set(tmp_path / "a.vtwords", folder=folder)
    with pytest.raises(TeachingError, match="cannot be read"):
        exchange.import_set(tmp_path / "missing.vtwords", folder=folder)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
"""What may stand in the place of anything in a list or a manifest."""
SETTLED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def exported(folder: Path) -> dict[str, bytes]:
    """The members of the exported set."""
    out = folder.parent / "exported.vtwords"
    exchange.export_set("mine", out, folder=folder)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_member(folder: Path, parts: dict[str, bytes], member: str, change: Callable[[bytes], bytes]) -> Path:
    """The exported set with one member changed, and every checksum of the archive right."""
    out = folder.parent / "changed.vtwords"
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if re.fullmatch(member, name) else content)
    return out


def import_or_say(file: Path, folder: Path) -> None:
    """Import a file: it gives a set that can be used, or one line, and leaves nothing behind."""
    said = ""
    try:
        info = exchange.import_set(file, "again", folder=folder)
        load_weights(folder / "again" / word_sets.WEIGHTS)
        assert all(word.isprintable() for word in info.words)
        word_sets.delete_set("again", folder)
    except TeachingError as error:
        said = str(error)
    assert said.isprintable()
    assert str(folder) not in said
    assert sorted(path.name for path in folder.iterdir()) == ["mine"]


@SETTLED
@given(st.data())
def test_anything_in_the_place_of_a_value_gives_a_set_or_one_line(
    folder: Path, exported: dict[str, bytes], data: st.DataObject
) -> None:
    def change(content: bytes) -> bytes:
        parsed = json.loads(content)
        at = parsed
        while True:
            key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            if isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans()):
                at = at[key]
                continue
            at[key] = data.draw(JSON)
            return json.dumps(parsed).encode()

    member = data.draw(st.sampled_from([r"set\.json", r"examples/manifest\.json"]))
    import_or_say(with_member(folder, exported, member, change), folder)


@SETTLED
@given(st.data())
def test_damage_inside_a_member_gives_a_set_or_one_line(folder: Path, exported: dict[str, bytes], data: st.DataObject) -> None:
    def change(content: bytes) -> bytes:
        damaged = bytearray(content)
        # The heads of files are where sizes and types stand.
        last = data.draw(st.sampled_from([64, 2048, len(damaged)]))
        for _ in range(data.draw(st.integers(1, 8))):
            damaged[data.draw(st.integers(0, min(last, len(damaged)) - 1))] = data.draw(st.integers(0, 255))
        return bytes(damaged[: data.draw(st.sampled_from([len(damaged), len(damaged) // 2, 0]))])

    member = data.draw(st.sampled_from([r"words\.safetensors", r"examples/.*\.wav", r".*\.json"]))
    import_or_say(with_member(folder, exported, member, change), folder)


def test_a_set_of_another_backbone_plays_on_with_its_own(folder: Path) -> None:
    assert word_sets.read_about(folder / "mine").backbone == "0" * 64
    assert load_weights(folder / "mine" / word_sets.WEIGHTS).info.labels[:2] == ("links", "rechts")
