"""The typed view of the settings, and what a change checks and announces."""

from __future__ import annotations

import argparse
import builtins
import dataclasses
import os
import typing
from collections.abc import Mapping
from pathlib import Path

import pytest

from voicetrail.errors import SettingsError
from voicetrail.settings import SETTINGS, Setting, SettingValues, load_settings
from voicetrail.settings.flags import add_setting_flags, setting_flags
from voicetrail.settings.values import DEFAULTS
from voicetrail.spotting.detector import DetectorSettings


def expected_type(setting: Setting) -> object:
    """The Python type of what a setting can hold, from the one list."""
    match setting.type:
        case "switch":
            return bool
        case "integer":
            return int
        case "number" if setting.keyword is not None:
            return float | typing.Literal[setting.keyword]
        case "number":
            return float
        case "table":
            return Mapping[str, float]
        case "choice" if setting.name == "movement":
            return typing.Literal[setting.choices]
        case _:
            return str


def test_typed_values_match_the_schema() -> None:
    types = typing.get_type_hints(SettingValues)
    assert [field.name for field in dataclasses.fields(SettingValues)] == list(SETTINGS)
    for name, setting in SETTINGS.items():
        assert types[name] == expected_type(setting), name


def test_typed_defaults_match_the_shipped_settings() -> None:
    values = SettingValues.of({})
    assert {name: getattr(values, name) for name in SETTINGS} == DEFAULTS
    assert values.recognizer == "directional4w"
    assert values.input_device is None
    assert SettingValues.of({"weights": "own"}).recognizer == "own"


def test_the_typed_values_follow_a_change(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    before = settings.values
    settings.set("step", 7)
    settings.set("thresholds.left", 0.3)
    assert (before.step, settings.values.step) == (2, 7)
    assert dict(settings.values.thresholds) == {"left": 0.3}


def test_one_change_notifies_once(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    seen: list[frozenset[str]] = []
    settings.subscribe(seen.append)
    settings.set("preset", "fast")
    settings.move_threshold(-0.05, DetectorSettings(), ("up", "down", "left", "right"))
    settings.set("threshold", 0.6)
    assert len(seen) == 3
    assert seen[0] >= {"preset", "threshold", "margin"}
    assert seen[1] == {"thresholds.up", "thresholds.down", "thresholds.left", "thresholds.right"}
    assert seen[2] == {"threshold", "thresholds"}


def test_changing_several_settings_notifies_once(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    seen: list[frozenset[str]] = []
    settings.subscribe(seen.append)
    settings.set_all({"thresholds.left": 0.3, "gain": 6, "threshold": 0.6, "thresholds.up": 0.4})
    assert len(seen) == 1
    assert (settings.values.threshold, dict(settings.values.thresholds), settings.values.gain) == (0.6, {"up": 0.4}, 6.0)
    assert load_settings(env=env).values == settings.values
    with pytest.raises(SettingsError, match="step cannot be"):
        settings.set_all({"margin": 0.3, "step": 99})
    assert (settings.origin("margin"), len(seen)) == ("default", 1)


def test_changing_a_value_by_key_reads_no_file(
    env: dict[str, str], settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets = settings_file.parent / "presets"
    presets.mkdir()
    (presets / "mine.toml").write_text("margin = 0.3\n")
    settings = load_settings(env=env, background=True)
    real_open, opened = os.open, []

    def noted(path: object, *arguments: object, **named: object) -> int:
        import threading

        if threading.current_thread() is threading.main_thread():
            opened.append(path)
        return real_open(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", noted)
    monkeypatch.setattr(builtins, "open", noted)
    for name in ("fast", "mine", "none"):
        settings.set("preset", name)
    settings.step("step", 1)
    settings.save_preset("other")
    settings.set("preset", "other")
    assert settings.preset_names()[-2:] == ("mine", "other")
    settings.close()
    monkeypatch.undo()
    assert opened == []
    assert load_settings({"preset": "other"}, env=env).values.preset == "other"


def test_a_preset_that_cannot_be_written_is_reported(env: dict[str, str], settings_file: Path) -> None:
    (settings_file.parent / "presets").write_text("in the way")
    settings, seen = load_settings(env=env, background=True), list[str]()
    settings.writer.on_problem = seen.append
    settings.save_preset("mine")
    settings.close()
    assert len(seen) == 1
    assert "the preset cannot be written" in seen[0]
    with pytest.raises(SettingsError, match="cannot be written"):
        load_settings(env=env).save_preset("mine")


@pytest.mark.parametrize("name", ["abc", "no/such.safetensors", "x.safetensors"])
def test_missing_weights_are_refused_when_set(name: str, env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    with pytest.raises(SettingsError, match="weights cannot be"):
        settings.set("weights", name)
    assert settings.values.weights == ""
    settings.set("weights", "directional4w")
    assert settings.values.weights == "directional4w"


def test_an_empty_text_stays_unset(env: dict[str, str], settings_file: Path) -> None:
    settings_file.write_text("device = 'USB'\n")
    settings = load_settings(env={**env, "VOICETRAIL_DEVICE": "", "VOICETRAIL_STEP": ""})
    assert (settings.values.device, settings.origin("device")) == ("USB", "file")
    settings.set("device", "built-in")
    settings.set("device", "")
    assert (settings.values.device, settings.origin("device")) == ("", "key"), "the file's would hold if it were unset"
    settings.reset("device")
    settings.set("weights", "")
    assert settings.origin("weights") == "default"
    assert load_settings(env=env).origin("weights") == "default"


def test_empty_label_is_refused_for_thresholds(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    with pytest.raises(SettingsError, match="cannot have a threshold of its own"):
        settings.move_threshold(0.05, DetectorSettings(), ("", "up"), "")
    settings.move_threshold(0.05, DetectorSettings(), ("", "up"))
    assert load_settings(env=env).notices == ()
    assert set(settings.values.thresholds) == {"up"}


@pytest.mark.parametrize("place", ["file", "state", "environment", "flag"])
def test_setting_name_of_earlier_versions_is_accepted(place: str, env: dict[str, str], settings_file: Path) -> None:
    state = Path(env["VOICETRAIL_STATE_DIR"], "state.toml")
    state.parent.mkdir()
    if place in ("file", "state"):
        (settings_file if place == "file" else state).write_text("mode = 'glide'\n")
    variables = {"VOICETRAIL_MODE": "glide"} if place == "environment" else {}
    settings = load_settings({"mode": "glide"} if place == "flag" else {}, env={**env, **variables})
    assert settings["movement"] == "glide"
    (notice,) = settings.notices
    assert "mode is now called movement" in notice
    settings.set("movement", "step")
    assert settings["movement"] == "step"
    assert "mode" not in state.read_text()


def test_current_setting_name_overrides_the_old_one(env: dict[str, str], settings_file: Path) -> None:
    settings_file.write_text("movement = 'step'\nmode = 'glide'\n")
    assert load_settings(env=env).values.movement == "step"


@pytest.mark.parametrize("flag", ["--slow-line", "--slow-connection"])
def test_the_earlier_flag_of_a_switch_still_works(flag: str, env: dict[str, str]) -> None:
    parser = argparse.ArgumentParser()
    add_setting_flags(parser)
    assert load_settings(setting_flags(parser.parse_args([flag])), env=env)["slow_connection"] is True
