from __future__ import annotations

import numpy as np
import pytest

from voicetrail.calibration import speech_curves
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard
from voicetrail.training.evaluate.operating import THRESHOLDS, false_moves
from voicetrail.training.evaluate.streams import Stream

LABELS = ("up", "left", "_unknown_", "_background_noise_")


def test_every_word_is_counted_alone_and_its_rate_falls_with_the_threshold() -> None:
    """A minute in which "up" reaches 0.55 three times and 0.88 once, and "left" never."""
    rows: list[tuple[float, ...]] = [(0.0, 0.0, 0.5, 0.5)] * 1500
    for at, score in ((100, 0.55), (400, 0.55), (700, 0.55), (1000, 0.88)):
        rows[at : at + 6] = [(score, 0.0, 1 - score, 0.0)] * 6
    hops = [(640 * (number + 1), row) for number, row in enumerate(rows)]
    heard = Heard(Stream("talk", np.zeros(60 * SAMPLE_RATE, dtype=np.float32)), hops, ())
    given = false_moves(LABELS, ("up", "left"), DetectorSettings(), [heard])
    curves = speech_curves({"false_moves": given})
    assert set(curves) == {"up", "left"}
    rates = [curves["up"].per_hour(threshold) for threshold in THRESHOLDS]
    assert rates == sorted(rates, reverse=True)
    assert [curves["up"].per_hour(threshold) for threshold in (0.5, 0.7, 0.93)] == pytest.approx([240.0, 60.0, 0.0])
    assert curves["left"].per_hour(0.2) == 0.0
