"""The order of the places, as a table."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from voicetrail.errors import SettingsError
from voicetrail.settings import load_settings
from voicetrail.settings.values import ORDER

PLACES = ("file", "profile", "state", "environment", "flag", "session")
"""The places that can give a value, the weakest first; the default is under all of them."""
VALUE = {place: 3 + index for index, place in enumerate(PLACES)}
ORIGIN = {"file": "file", "profile": "profile", "state": "key", "environment": "environment", "flag": "flag", "session": "key"}


def test_precedence_matches_the_documentation() -> None:
    assert ("default", *(ORIGIN[place] for place in PLACES)) == ORDER


@pytest.mark.parametrize(
    "giving", [places for count in range(len(PLACES) + 1) for places in itertools.combinations(PLACES, count)], ids="+".join
)
def test_value_with_the_highest_precedence_wins(giving: tuple[str, ...], env: dict[str, str]) -> None:
    config, state = Path(env["VOICETRAIL_CONFIG_DIR"]), Path(env["VOICETRAIL_STATE_DIR"])
    files = {
        "file": config / "settings.toml",
        "profile": config / "profiles" / "ann.toml",
        "state": state / "profiles" / "ann.toml",
    }
    for place, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"step = {VALUE[place]}\n" if place in giving else "")
    environment = {**env, **({"VOICETRAIL_STEP": str(VALUE["environment"])} if "environment" in giving else {})}
    settings = load_settings({"step": VALUE["flag"] if "flag" in giving else None}, "ann", environment)
    if "session" in giving:
        settings.set("step", VALUE["session"])
    if giving:
        assert settings["step"] == VALUE[giving[-1]]
        assert settings.origin("step") == ORIGIN[giving[-1]]
    else:
        assert settings["step"] == 2
        assert settings.origin("step") == "default"


def test_change_by_key_overrides_a_flag_only_until_the_next_start(env: dict[str, str]) -> None:
    settings = load_settings({"threshold": "0.6"}, env=env)
    settings.set("threshold", 0.5)
    assert settings["threshold"] == 0.5
    assert load_settings({"threshold": "0.6"}, env=env)["threshold"] == 0.6
    assert load_settings(env=env)["threshold"] == 0.5


def test_reset_undoes_changes_by_keys(settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_text("step = 5\n")
    settings = load_settings(env=env)
    settings.set("step", 7)
    settings.reset("step")
    assert (settings["step"], settings.origin("step")) == (5, "file")
    assert load_settings(env=env)["step"] == 5


def test_threshold_for_all_words_overrides_weaker_single_ones(settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_text("threshold = 0.8\n[thresholds]\nleft = 0.5\nup = 0.4\n")
    assert dict(load_settings(env=env).values.thresholds) == {"left": 0.5, "up": 0.4}
    flagged = load_settings({"threshold": "0.6", "thresholds": "up=0.3"}, env=env)
    assert dict(flagged.values.thresholds) == {"up": 0.3}
    assert flagged.origin("thresholds.up") == "flag"
    assert flagged.origin("thresholds.left") == "default"


@pytest.mark.parametrize(
    ("file", "environment", "flag", "refractory", "origin"),
    [
        ("preset = 'fast'", None, None, 0.35, "preset"),
        ("preset = 'fast'\nrefractory = 1", None, None, 1.0, "file"),
        ("refractory = 1", None, "fast", 0.35, "preset"),
        ("preset = 'fast'", "sure", None, "shipped", "preset"),
        ("preset = 'fast'", "none", None, "shipped", "default"),
        ("preset = 'sure'", "2.5", "fast", 0.35, "preset"),
    ],
)
def test_preset_has_the_precedence_of_the_place_that_names_it(
    file: str,
    environment: str | None,
    flag: str | None,
    refractory: object,
    origin: str,
    settings_file: Path,
    env: dict[str, str],
) -> None:
    settings_file.write_text(file + "\n")
    if environment is not None:
        env[f"VOICETRAIL_{'REFRACTORY' if environment[0].isdigit() else 'PRESET'}"] = environment
    settings = load_settings({"preset": flag}, env=env)
    assert settings["refractory"] == refractory
    assert settings.origin("refractory") == origin


@pytest.mark.parametrize("name", ["VOICETRAIL_STEP", "VOICETRAIL_PRESET", "VOICETRAIL_PROFILE"])
def test_unusable_flags_and_variables_are_refused(name: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        load_settings(env={**env, name: "../no"})
    with pytest.raises(SettingsError):
        load_settings({"step": "0"}, env=env)
