"""False moves by threshold, word by word: what a calibration weighs a lower threshold against. It is kept with the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard, decide, near_words

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96)
NEVER = 2.0
"""A threshold that no score reaches."""


def false_moves(
    labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, negative: Sequence[Heard]
) -> dict[str, object]:
    """Count the false moves of each word alone at a row of thresholds.

    Args:
        labels: of the recognizer.
        words: to count.
        settings: smoothing, margin and refractory time that ship.
        negative: streams that hold none of the words.

    Returns:
        ``{"thresholds": […], "per_hour": {word: […]}}``, as ``voicetrail.calibration.speech_curves`` reads it from what weights say
        about themselves under ``false_moves``. Rates never rise with the threshold.
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
