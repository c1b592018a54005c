from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.errors import SettingsError
from voicetrail.settings import SETTINGS, TUNING, load_settings
from voicetrail.settings.presets import PRESETS
from voicetrail.settings.values import shift_threshold
from voicetrail.spotting.detector import DetectorSettings

WORDS = ("up", "down", "left", "right")
SHIPPED = DetectorSettings(threshold=0.7, thresholds={"up": 0.6, "left": 0.8}, smoothing=0.12, refractory=0.6, margin=0.1)


def test_default_tuning_equals_the_shipped_settings(env: dict[str, str]) -> None:
    assert load_settings(env=env).detector_settings(SHIPPED) == SHIPPED


def test_settings_replace_the_shipped_values(env: dict[str, str]) -> None:
    settings = load_settings({"thresholds": "up=0.3", "refractory": "0.4", "threshold_shift": "0.1"}, env=env)
    detector = settings.detector_settings(SHIPPED)
    assert {word: detector.threshold_of(word) for word in WORDS} == {"up": 0.3, "down": 0.81, "left": 0.88, "right": 0.81}
    assert (detector.refractory, detector.smoothing) == (0.4, 0.12)
    settings.set("threshold", 0.5)
    detector = settings.detector_settings(SHIPPED)
    assert {detector.threshold_of(word) for word in WORDS} == {0.5}


@given(st.floats(0.05, 0.99), st.floats(0.01, 0.4))
def test_shift_moves_every_threshold_within_reachable_scores(threshold: float, shift: float) -> None:
    assert threshold - 0.006 <= shift_threshold(threshold, shift) <= 0.999 + 0.006
    assert shift_threshold(threshold, -shift) <= threshold + 0.006
    back = shift_threshold(shift_threshold(threshold, -shift), shift)
    assert back == pytest.approx(threshold, abs=0.09)


def test_shift_is_smaller_near_the_top() -> None:
    assert shift_threshold(0.8, 0.05) == pytest.approx(0.85, abs=0.01)
    assert shift_threshold(0.8, -0.05) == pytest.approx(0.75, abs=0.01)
    assert shift_threshold(0.9, 0.08) == 0.94


def test_the_threshold_moves_for_one_word_or_for_all(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    assert settings.move_threshold(0.05, SHIPPED, WORDS) == {"up": 0.65, "down": 0.75, "left": 0.85, "right": 0.75}
    assert settings.move_threshold(-0.01, SHIPPED, WORDS, "left") == {"left": 0.84}
    assert dict(load_settings(env=env).detector_settings(SHIPPED).thresholds) == {
        "up": 0.65,
        "down": 0.75,
        "left": 0.84,
        "right": 0.75,
    }


def test_threshold_is_clamped_to_its_range(env: dict[str, str]) -> None:
    settings = load_settings({"threshold": "0.97"}, env=env)
    assert settings.move_threshold(0.05, SHIPPED, WORDS, "up") == {"up": 1.0}
    with pytest.raises(SettingsError, match=r"cannot go higher: it takes 0\.05 to 1"):
        settings.move_threshold(0.05, SHIPPED, WORDS, "up")
    assert settings.move_threshold(0.05, SHIPPED, WORDS)["down"] == 1.0


@pytest.mark.parametrize("selected", [None, "left"])
def test_thresholds_reset_to_the_shipped_ones(selected: str | None, settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_text("preset = 'noisy room'\nthreshold = 0.9\n[thresholds]\nleft = 0.2\n")
    settings = load_settings(env=env)
    settings.move_threshold(0.05, SHIPPED, WORDS)
    settings.thresholds_as_shipped(SHIPPED, selected)
    detector = load_settings(env=env).detector_settings(SHIPPED)
    assert detector.threshold_of("left") == 0.8
    assert detector.threshold_of("up") == (0.6 if selected is None else 0.95)


def test_steps_start_at_the_shipped_value_and_stop_at_the_range(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    assert settings.step("refractory", 1, SHIPPED) == 0.7
    assert settings.step("refractory", -9, SHIPPED) == 0.0
    with pytest.raises(SettingsError, match="0 to 3 s"):
        settings.step("refractory", -1, SHIPPED)
    assert settings.step("step", 30) == 20
    assert settings.step("movement", 1) == "glide"
    assert settings.step("movement", 1) == "step"
    assert settings.step("ascii", 1) is True


def test_every_preset_sets_all_tuning_settings(env: dict[str, str]) -> None:
    for name, values in PRESETS.items():
        assert set(values) == set(TUNING), name
        for entry, value in values.items():
            assert SETTINGS[entry].check(value) == value


def test_preset_replaces_earlier_tuning(env: dict[str, str]) -> None:
    settings = load_settings({"margin": "0.5"}, env=env)
    settings.set("thresholds.left", 0.3)
    settings.set("refractory", 1.0)
    settings.set("preset", "fast")
    assert (settings["refractory"], settings.origin("refractory")) == (0.35, "preset")
    assert dict(settings.values.thresholds) == {}
    settings.set("refractory", 0.5)
    again = load_settings(env=env)
    assert (again["preset"], again["refractory"], again["smoothing"]) == ("fast", 0.5, 0.04)


def test_own_preset_is_saved_and_loaded(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    settings.set("thresholds.left", 0.3)
    settings.set("smoothing", 0.2)
    settings.save_preset("my kitchen")
    assert settings["preset"] == "my kitchen"
    assert settings.preset_names()[-1] == "my kitchen"
    settings.set("preset", "none")
    assert settings.detector_settings(SHIPPED) == SHIPPED
    other = load_settings({"preset": "my kitchen"}, env=env)
    assert (other["thresholds.left"], other["smoothing"]) == (0.3, 0.2)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 41, "fast", "none", "nul\x00", " led"])
def test_preset_names_are_restricted(name: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        load_settings(env=env).save_preset(name)


@pytest.mark.parametrize("content", ["", "no toml", "step = 3\n", "margin = 7\n"])
def test_unusable_preset_is_reported(content: str, settings_file: Path, env: dict[str, str]) -> None:
    folder = settings_file.parent / "presets"
    folder.mkdir()
    (folder / "mine.toml").write_text(content)
    settings = load_settings(env=env)
    with pytest.raises(SettingsError):
        settings.set("preset", "mine")
    assert settings["preset"] == "none"
    settings_file.write_text("preset = 'mine'\n")
    assert any("mine" in notice for notice in load_settings(env=env).notices)


def test_profiles_are_independent(settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_text("step = 5\n")
    load_settings(env=env, profile="ann").set("glide_speed", 9)
    assert load_settings(env=env, profile="ann")["step"] == 5
    assert load_settings(env=env, profile="ann")["glide_speed"] == 9.0
    assert load_settings(env={**env, "VOICETRAIL_PROFILE": "ann"})["glide_speed"] == 9.0
    assert load_settings(env=env, profile="bob")["glide_speed"] == 6.0
    assert load_settings(env=env)["glide_speed"] == 6.0


def test_observers_are_notified_of_changes(env: dict[str, str]) -> None:
    settings = load_settings(env=env)
    changes: list[tuple[str, object]] = []
    end = settings.subscribe(lambda names: changes.extend((name, settings["step"]) for name in names))
    settings.set("step", 4)
    with pytest.raises(SettingsError):
        settings.set("step", 400)
    settings.reset("step")
    assert changes == [("step", 4), ("step", 2)]
    end()
    settings.set("step", 5)
    assert len(changes) == 2
