from __future__ import annotations

import numpy as np
import pytest

from voicetrail.audio.level import FLOOR_DB, decibels, loudness


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
