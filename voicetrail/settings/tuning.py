"""From the values of the tuning to what the detector goes by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from voicetrail.log_odds import shift_in_log_odds as shifted_score
from voicetrail.settings.schema import SETTINGS, SHIPPED, Value
from voicetrail.spotting.detector import DetectorSettings

FINEST = 0.01
"""Thresholds are given in hundredths."""


def shift_threshold(threshold: float, shift: float) -> float:
    """Shift a threshold in log-odds, so that one near the top comes nearer to it and never reaches it.

    Scores end short of 1: a word whose threshold ships at 0.9 would be deaf at 0.98, and one at 0.4 hardly feel 0.08.
    """
    return round(shifted_score(threshold, shift, FINEST), 2)


def detector_settings(values: Mapping[str, Value], shipped: DetectorSettings) -> DetectorSettings:
    """What the detector goes by: the values, and what ships with the weights where they say so.

    ``threshold_shift`` moves only thresholds that ship; one that is set is meant as it is.

    Args:
        values: of everything in ``TUNING``, as the settings or a preset hold them.
        shipped: what comes with the weights.
    """
    low, high = SETTINGS["threshold"].range or (0.0, 1.0)
    shift, table = values["threshold_shift"], values["thresholds"]
    assert isinstance(shift, int | float)
    assert isinstance(table, Mapping)

    def shifted(threshold: float) -> float:
        return threshold if shift == 0 else min(max(shift_threshold(threshold, shift), low), high)

    def own(name: str, otherwise: float) -> float:
        value = values[name]
        return value if isinstance(value, int | float) else otherwise

    as_shipped = values["threshold"] == SHIPPED
    base = {word: shifted(threshold) for word, threshold in shipped.thresholds.items()} if as_shipped else {}
    return DetectorSettings(
        threshold=shifted(shipped.threshold) if as_shipped else own("threshold", shipped.threshold),
        thresholds=MappingProxyType({**base, **table}),
        smoothing=own("smoothing", shipped.smoothing),
        refractory=own("refractory", shipped.refractory),
        margin=own("margin", shipped.margin),
        talk_shift=own("talk_shift", shipped.talk_shift),
    )
