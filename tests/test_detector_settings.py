"""One record of the detector's settings, one table of bounds, one conversion each way, for everything that holds them."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.detector_settings import BOUNDS, DetectorSettings
from voicetrail.errors import WeightsError
from voicetrail.events import DetectorChanged
from voicetrail.link.wire import WireError
from voicetrail.link.words import decode_settings
from voicetrail.replay.file.codes import from_line, to_line
from voicetrail.settings.schema import SETTINGS, SHIPPED, TUNING
from voicetrail.settings.values import SettingValues
from voicetrail.spotting.networks.model import ARCHITECTURES, DEFAULT_ARCHITECTURE, build_model
from voicetrail.spotting.weights import WeightsInfo, read_info, save_weights

words = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12)
any_settings = st.builds(
    DetectorSettings,
    thresholds=st.dictionaries(words, st.floats(BOUNDS["threshold"].low, BOUNDS["threshold"].high), max_size=4),
    **{name: st.floats(bounds.low, bounds.high) for name, bounds in BOUNDS.items()},
)


@given(any_settings)
def test_what_is_written_is_read_again(settings: DetectorSettings) -> None:
    assert DetectorSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("value", [None, "0.5", True, math.nan, math.inf, -math.inf, 10**400, -0.001, 60])
def test_a_number_out_of_its_bounds_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        DetectorSettings.from_dict(DetectorSettings().to_dict() | {name: value})


@pytest.mark.parametrize("thresholds", [[], "up", {"up": 2}, {"up": None}, {"x" * 300: 0.5}, {str(n): 0.5 for n in range(300)}])
def test_thresholds_that_cannot_be_are_refused(thresholds: object) -> None:
    with pytest.raises(ValueError, match="threshold"):
        DetectorSettings.from_dict(DetectorSettings().to_dict() | {"thresholds": thresholds})


def test_what_earlier_versions_lacked_means_the_default_and_what_later_ones_add_is_passed_over() -> None:
    values = DetectorSettings(0.6).to_dict()
    del values["talk_shift"]
    assert DetectorSettings.from_dict({**values, "later": "x"}) == DetectorSettings(0.6)
    with pytest.raises(ValueError, match="margin"):
        DetectorSettings.from_dict({name: value for name, value in values.items() if name != "margin"})


def everywhere(settings: DetectorSettings, folder: Path) -> list[DetectorSettings]:
    """The settings as each place that holds them gives them back; a place that refuses them raises."""
    code, data = to_line(DetectorChanged(640, settings))
    line = from_line(code, json.loads(json.dumps(data)))
    assert isinstance(line, DetectorChanged)
    features = ARCHITECTURES[DEFAULT_ARCHITECTURE].features
    labels = ("up", "_unknown_", "_background_noise_")
    tensors = build_model(DEFAULT_ARCHITECTURE, features, len(labels)).state_dict()
    save_weights(folder / "w.safetensors", tensors, WeightsInfo(labels, labels, DEFAULT_ARCHITECTURE, features, settings))
    set_by_player = SettingValues.of({name: SETTINGS[name].check(getattr(settings, name)) for name in BOUNDS})
    return [
        line.settings,
        decode_settings(settings.to_dict()),
        read_info(folder / "w.safetensors").detector,
        replace(set_by_player.detector_settings(DetectorSettings()), thresholds={}),
    ]


@pytest.mark.parametrize("name", BOUNDS)
def test_weights_replays_the_network_and_settings_take_the_same_values(name: str, tmp_path: Path) -> None:
    """Whoever adds a setting to the record has it in all of them, or sees here where it is missing."""
    torch.manual_seed(0)
    for value in (BOUNDS[name].low, BOUNDS[name].high):
        settings = DetectorSettings.from_dict(DetectorSettings().to_dict() | {name: value})
        assert everywhere(settings, tmp_path) == [settings] * 4


@pytest.mark.parametrize("name", BOUNDS)
def test_weights_and_the_network_refuse_the_same_values(name: str, tmp_path: Path) -> None:
    number: dict[str, Any] = {name: BOUNDS[name].high + 0.01}
    wrong = replace(DetectorSettings(), **number)
    with pytest.raises(WireError, match=name):
        decode_settings(wrong.to_dict())
    labels = ("up", "_unknown_", "_background_noise_")
    save_weights(
        tmp_path / "w.safetensors", {"a": torch.zeros(1)}, WeightsInfo(labels, labels, DEFAULT_ARCHITECTURE, detector=wrong)
    )
    with pytest.raises(WeightsError, match=name):
        read_info(tmp_path / "w.safetensors")


def test_every_number_of_the_record_has_its_bounds_and_its_setting() -> None:
    hints = get_type_hints(DetectorSettings)
    assert {field.name for field in fields(DetectorSettings) if hints[field.name] is float} == {*BOUNDS}
    for name, bounds in BOUNDS.items():
        assert name in TUNING
        assert (SETTINGS[name].range, SETTINGS[name].unit, SETTINGS[name].default) == (
            (bounds.low, bounds.high),
            bounds.unit,
            SHIPPED,
        )
        assert bounds.low <= bounds.default <= bounds.high
