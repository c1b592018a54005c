"""Checks whether the recognizer loads and is fast enough. Imports torch only when called."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from statistics import median

import numpy as np

from voicetrail.checkup.finding import Finding
from voicetrail.errors import WeightsError
from voicetrail.events import SAMPLE_RATE
from voicetrail.install import HERE
from voicetrail.vocabulary import is_word

ROUNDS = 50
"""Number of windows that are timed."""
LOUDEST_SILENCE = 0.3
"""A word with a higher score on silence would be detected all the time."""


def check_recognizer(weights: str) -> Iterator[Finding]:
    """Load the weights, score silence, and measure the time per hop.

    Args:
        weights: name or path.
    """
    began = time.perf_counter()
    try:
        from voicetrail.spotting.recognizer import load_recognizer
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding("recognizer", "fail", f"torch cannot be imported: {reason}", f"install voicetrail again: {HERE}")
        return
    try:
        recognizer = load_recognizer(weights)
    except WeightsError as error:
        yield Finding("recognizer", "fail", str(error))
        return
    took = time.perf_counter() - began
    extension = sys.modules.get("torchaudio._extension")
    how = "without its extension, which is not needed" if getattr(extension, "__file__", None) is None else "complete"
    yield Finding("recognizer", "ok", f"torch {version('torch')}, torchaudio {version('torchaudio')} ({how})")
    words = ", ".join(label for label in recognizer.labels if is_word(label))
    yield Finding("recognizer", "ok", f"weights {recognizer.name} ({recognizer.hash[:12]}) for {words}, loaded in {took:.1f} s")
    silence = np.zeros(recognizer.window_samples, dtype=np.float32)
    scores = dict(zip(recognizer.labels, recognizer.score(silence), strict=True))
    loudest = max((word for word in scores if is_word(word)), key=scores.__getitem__)
    if scores[loudest] > LOUDEST_SILENCE:
        yield Finding(
            "recognizer",
            "fail",
            f"silence scores {scores[loudest]:.2f} for {loudest}",
            "these weights do not work: use different ones",
        )
    else:
        yield Finding("recognizer", "ok", f"silence scores at most {scores[loudest]:.2f} for a word")
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        recognizer.score(silence)
        times.append(time.perf_counter() - start)
    cost, budget = 1000 * median(times), 1000 * recognizer.hop / SAMPLE_RATE
    text = f"{cost:.1f} ms per hop of {budget:.0f} ms"
    if cost > budget / 2:
        yield Finding(
            "recognizer",
            "warn",
            text,
            "the recognizer is slow on this machine, so words are detected late: close other programs",
        )
    else:
        yield Finding("recognizer", "ok", text)
