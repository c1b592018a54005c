from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import (
    coded,
    colored,
    companded,
    doubled,
    halved,
    hum,
    impulse_response,
    taps,
    telephone,
)


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def level(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def test_made_sounds_follow_from_the_seed_and_are_finite() -> None:
    for make in (lambda rng: colored(rng, 4_000), lambda rng: taps(rng, 4_000), lambda rng: hum(rng, 4_000), impulse_response):
        one, two = make(np.random.default_rng(3)), make(np.random.default_rng(3))
        np.testing.assert_array_equal(one, two)
        assert np.isfinite(one).all()
        assert one.any()
        assert not np.array_equal(make(np.random.default_rng(4))[:100], one[:100])


def test_a_room_rings_for_its_reverberation_time_and_more_from_afar() -> None:
    def response(distance: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return impulse_response(np.random.default_rng(1), (0.8, 0.8), (distance, distance))

    near, far = response(0.3), response(3.0)
    assert near[0] == far[0] == 1.0
    assert level(far[200:]) > 2 * level(near[200:])
    energy = np.cumsum(far[:0:-1] ** 2)[::-1]
    decay = 10 * np.log10(energy / energy[0])
    since, until = (int(np.argmax(decay < limit)) for limit in (-5.0, -25.0))
    assert (until - since) / SAMPLE_RATE * 3 == pytest.approx(0.8, rel=0.2)


@pytest.mark.parametrize(("hertz", "left"), [(60.0, False), (1000.0, True), (5000.0, False)])
def test_a_telephone_carries_the_middle_of_the_voice(hertz: float, left: bool) -> None:
    ratio = level(telephone(tone(hertz))) / level(tone(hertz))
    assert (0.8 < ratio < 1.2) if left else ratio < 0.1


@settings(max_examples=30, deadline=None)
@given(st.floats(-1.0, 1.0, width=32))
def test_companding_keeps_a_sample_within_a_sixteenth_or_what_is_next_to_nothing(value: float) -> None:
    back = float(companded(np.array([value], dtype=np.float32))[0])
    assert abs(back - value) <= max(abs(value) / 16, 2e-4)


@pytest.mark.parametrize("codec", ["opus", "gsm"])
def test_a_codec_gives_a_sound_back_of_the_same_length_and_not_quite_the_same(codec: str) -> None:
    sound = tone(500.0) * np.linspace(0.1, 1.0, SAMPLE_RATE, dtype=np.float32)
    back = coded(sound, codec)
    assert back.shape == sound.shape
    assert float(np.corrcoef(sound, back)[0, 1]) > 0.9
    assert not np.allclose(sound, back, atol=1e-3)


def test_halving_and_doubling_the_rate_keeps_what_half_the_rate_can_hold() -> None:
    low = tone(1000.0)
    np.testing.assert_allclose(doubled(halved(low)), low, atol=1e-4)
    assert level(doubled(halved(tone(6000.0)))) < 0.01
