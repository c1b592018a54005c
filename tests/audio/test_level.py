from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.audio.level import FLOOR_DB, OffsetRemover, decibels, loudness


def test_loudness_of_a_tone() -> None:
    tone = 0.5 * np.sin(np.arange(16_000) / 10).astype(np.float32)
    measured = loudness(tone)
    assert measured.peak_db == pytest.approx(-6.02, abs=0.01)
    assert measured.rms_db == pytest.approx(-9.03, abs=0.05)
    assert not measured.clipped
    assert loudness(np.clip(3 * tone, -1, 1)).clipped


def test_silence_has_a_floor() -> None:
    assert loudness(np.zeros(0, dtype=np.float32)).rms_db == FLOOR_DB
    assert loudness(np.zeros(10, dtype=np.float32)).peak_db == FLOOR_DB
    assert decibels(1e-9) == FLOOR_DB


def test_dc_offset_does_not_count_as_loudness() -> None:
    tone = np.sin(np.arange(1600) * 2 * np.pi / 16).astype(np.float32) * np.float32(0.1)
    assert loudness(tone + np.float32(0.3)).rms_db == pytest.approx(loudness(tone).rms_db, abs=0.01)
    assert loudness(np.full(100, 0.3, dtype=np.float32)).peak_db == FLOOR_DB
    assert loudness(np.full(100, 1.0, dtype=np.float32)).clipped


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.5, 0.5), st.lists(st.integers(1, 2000), min_size=1, max_size=20))
def test_dc_removal_is_independent_of_block_size(offset: float, sizes: list[int]) -> None:
    remover = OffsetRemover()
    out = [remover.remove(np.full(size, offset, dtype=np.float32)) for size in sizes]
    assert np.max(np.abs(np.concatenate(out))) < 1e-6


def test_drifting_dc_offset_is_removed_without_changing_speech() -> None:
    at = np.arange(10 * 16_000)
    voice = (0.2 * np.sin(at * 2 * np.pi * 120 / 16_000)).astype(np.float32)
    drift = np.linspace(0.0, 0.1, len(at), dtype=np.float32)
    remover = OffsetRemover()
    out = np.concatenate([remover.remove((voice + drift)[first : first + 640]) for first in range(0, len(at), 640)])
    assert abs(float(np.mean(out[-16_000:]))) < 0.02
    clean = OffsetRemover()
    plain = np.concatenate([clean.remove(voice[first : first + 640]) for first in range(0, len(at), 640)])
    assert np.max(np.abs(plain - voice)) < 0.005
