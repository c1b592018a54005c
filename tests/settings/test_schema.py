from __future__ import annotations

import argparse
import math

import pytest

from voicetrail.errors import SettingsError
from voicetrail.settings import SETTINGS, Value, find
from voicetrail.settings.flags import add_setting_flags, parse_thresholds, setting_flags


@pytest.mark.parametrize("name", SETTINGS)
def test_text_of_a_default_parses_to_the_default(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.check(setting.default) == setting.default
    assert setting.parse(setting.format(setting.default)) == setting.default
    assert setting.help
    assert setting.range_text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("threshold", "0.6", 0.6),
        ("threshold", " Shipped ", "shipped"),
        ("gain", "AUTO", "auto"),
        ("gain", "-6", -6.0),
        ("step", "4", 4),
        ("step", "4.0", 4),
        ("ascii", "Yes", True),
        ("ascii", "0", False),
        ("movement", "glide", "glide"),
        ("thresholds", "left=0.5, up=0.6", {"left": 0.5, "up": 0.6}),
        ("thresholds", "", {}),
        ("source", "tcp://127.0.0.1:10700", "tcp://127.0.0.1:10700"),
    ],
)
def test_texts_are_parsed_to_values(name: str, text: str, value: Value) -> None:
    assert SETTINGS[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("threshold", 7, "threshold cannot be '7': it takes 0.05 to 1, or shipped"),
        ("threshold", 0.04, "0.05 to 1"),
        ("threshold", math.nan, "0.05 to 1"),
        ("threshold", True, "threshold cannot be 'on'"),
        ("threshold", "high", "0.05 to 1, or shipped"),
        ("gain", math.inf, "-20 to 40 dB, or auto"),
        ("step", 2.5, "a whole number, 1 to 20 steps"),
        ("step", 10**400, "1 to 20 steps"),
        ("movement", "fly", "it takes step or glide"),
        ("ascii", "on", "it takes on or off"),
        ("source", "a\x1b[31m", "�"),
        ("source", "\udcff", "source cannot be"),
        ("thresholds", {"left": 2}, "thresholds.left cannot be '2': it takes 0.05 to 1"),
        ("thresholds", {"_unknown_": 0.5}, "is not a word"),
        ("thresholds", {" a": 0.5}, "is not a word"),
        ("thresholds", {"": 0.5}, "is not a word"),
        pytest.param("step", 10**5000, "a number beyond 64 bits", id="huge"),
        ("thresholds", [0.5], "for each word 0.05 to 1"),
    ],
)
def test_value_out_of_range_is_refused_with_the_range(name: str, value: object, says: str) -> None:
    with pytest.raises(SettingsError) as exit_error:
        SETTINGS[name].check(value)
    assert says in str(exit_error.value)
    assert "\x1b" not in str(exit_error.value)


def test_misspelled_name_suggests_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean threshold"):
        find("treshold")
    with pytest.raises(SettingsError, match=r"no setting 'step\.left'"):
        find("step.left")
    assert find("thresholds.left") == (SETTINGS["thresholds"], "left")
    assert find("thresholds.turn left") == (SETTINGS["thresholds"], "turn left")
    with pytest.raises(SettingsError, match="no setting"):
        find("thresholds.")


def test_every_setting_has_a_flag() -> None:
    parser = argparse.ArgumentParser()
    add_setting_flags(parser, without=("record",))
    given = "--profile ann --glide-speed 8 --no-record-scores --threshold 0.7 --threshold left=0.5 --gain -3 --movement glide"
    args = parser.parse_args(given.split())
    assert args.profile == "ann"
    assert setting_flags(args) == {
        "glide_speed": "8",
        "record_scores": False,
        "threshold": 0.7,
        "thresholds": {"left": 0.5},
        "gain": "-3",
        "movement": "glide",
    }
    flags = parser.format_help()
    assert all(f"--{name.replace('_', '-')}" in flags for name in SETTINGS if name not in ("thresholds", "record"))


def test_thresholds_of_flags() -> None:
    assert parse_thresholds(["0.6", "left=0.5", "0.7"]) == (0.7, {"left": 0.5})
    assert parse_thresholds([]) == (None, {})
    with pytest.raises(SettingsError):
        parse_thresholds(["left=x"])


def test_ranges_match_the_detectors_bounds() -> None:
    from voicetrail.game.inputs import SILENCE_RANGE, SPEED_RANGE, STEP_RANGE

    ranges = {"step": STEP_RANGE, "glide_speed": SPEED_RANGE, "glide_silence": SILENCE_RANGE}
    assert {name: SETTINGS[name].range for name in ranges} == ranges
