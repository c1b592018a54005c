"""Counts false moves by word and threshold. Calibration uses these figures, which are stored with the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard, decide, near_words

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96)
NEVER = 2.0
"""A threshold above every score."""


def false_moves(
    labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, negative: Sequence[Heard]
) -> dict[str, object]:
    """Count the false moves of each word at several thresholds.

    Args:
        labels: of the recognizer.
        words: the words to count.
        settings: the shipped smoothing time, margin and refractory time.
        negative: streams without any of the words.

    Returns:
        ``{"thresholds": […], "per_hour": {word: […]}}``, which ``voicetrail.calibration.speech_curves`` reads from the weights'
        metadata (``false_moves``). Rates never rise with the threshold.
    """
    hours = sum(item.stream.seconds for item in negative) / 3600
    live = [replace(item, hops=near_words(item.hops, labels)) for item in negative]
    per_hour: dict[str, list[float]] = {}
    for word in words:
        rates: list[float] = []
        for threshold in THRESHOLDS:
            only_word = replace(settings, thresholds={**dict.fromkeys(labels, NEVER), word: threshold})
            count = sum(len(decide(item.hops, labels, only_word)) for item in live)
            rate = round(count / hours, 2) if hours else 0.0
            rates.append(min(rate, rates[-1]) if rates else rate)
        per_hour[word] = rates
    return {"thresholds": list(THRESHOLDS), "per_hour": per_hour}
