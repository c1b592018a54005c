"""Makes a small spectrogram of a take, for the screen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.takes import Sound, Take, remembered

WINDOW = 400
"""Samples of one spectrum (25 ms)."""
LOWEST_HZ, HIGHEST_HZ = 80.0, 7200.0
RANGE_DB = 50.0
"""Dynamic range of the picture, in dB."""


def spectrogram(take: Take, columns: int, bands: int) -> list[tuple[float, ...]]:
    """The level of each band of a take over time.

    Args:
        take: the take, with the quiet sound around it.
        columns: number of time steps.
        bands: number of bands, evenly spaced on the mel scale.

    Returns:
        ``[columns][bands]``, starting with the lowest band; values from 0 (silence, or the noise floor) to 1 (the loudest value).
    """
    pictures = _pictures(take)
    if (columns, bands) not in pictures:
        pictures[columns, bands] = _drawn(take.sound, columns, bands)
    return pictures[columns, bands]


@remembered
def _pictures(take: Take) -> dict[tuple[int, int], list[tuple[float, ...]]]:
    """The pictures of a take by columns and bands."""
    return {}


def _drawn(sound: Sound, columns: int, bands: int) -> list[tuple[float, ...]]:
    if len(sound) < WINDOW or not columns or not bands:
        return [(0.0,) * bands] * columns
    # Several overlapping windows per column; the loudest counts, so that no column misses a short sound.
    step = max(1, min(WINDOW // 2, (len(sound) - WINDOW) // max(1, columns)))
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::step]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    edges = _mel_edges(bands)
    levels = np.stack([power[:, a:b].mean(axis=1) for a, b in pairwise(edges)], axis=1)
    db = 10 * np.log10(levels + 1e-10)
    places = np.linspace(0, len(db), columns + 1).astype(int)
    shown = np.stack([db[a : max(b, a + 1)].max(axis=0) for a, b in pairwise(places)])
    loudest = float(shown.max())
    noise = float(np.quantile(db, 0.3)) + 6.0
    low = max(loudest - RANGE_DB, min(noise, loudest - 20.0))
    scaled = np.clip((shown - low) / max(1.0, loudest - low), 0.0, 1.0)
    return [tuple(round(float(x), 2) for x in row) for row in scaled]


def _mel_edges(bands: int) -> list[int]:
    """The bins at the edges of the bands, which have at least one bin each."""
    low, high = (2595 * float(np.log10(1 + hz / 700)) for hz in (LOWEST_HZ, HIGHEST_HZ))
    mel = np.linspace(low, high, bands + 1)
    bins = np.round((10 ** (mel / 2595) - 1) * 700 / (SAMPLE_RATE / WINDOW)).astype(int)
    edges = [int(bins[0])]
    for place in bins[1:]:
        edges.append(max(edges[-1] + 1, int(place)))
    return edges
