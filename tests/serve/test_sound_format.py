"""The messages of the page's sound."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.serve.sound_format import (
    CHUNK_BYTES,
    CHUNK_SAMPLES,
    HEADER,
    IN_HAND_S,
    Chunk,
    ChunkOrder,
    SoundError,
    decode_chunk,
    encode_chunk,
)

SAMPLES = bytes(2 * CHUNK_SAMPLES)
CHUNKS = st.builds(
    Chunk,
    st.integers(0, 2**32 - 1),
    st.floats(0, 1e12),
    st.binary(min_size=2 * CHUNK_SAMPLES, max_size=2 * CHUNK_SAMPLES),
)


@given(CHUNKS)
def test_an_encoded_chunk_is_decoded(chunk: Chunk) -> None:
    assert decode_chunk(encode_chunk(chunk)) == chunk


@given(st.binary(max_size=2 * CHUNK_BYTES))
def test_any_other_message_is_refused_or_a_chunk(message: bytes) -> None:
    try:
        chunk = decode_chunk(message)
    except SoundError:
        return
    assert len(message) == CHUNK_BYTES
    assert math.isfinite(chunk.stamp_ms)


@pytest.mark.parametrize("stamp", [math.nan, math.inf, -math.inf, -1.0, 1e13])
def test_a_clock_that_no_page_has_is_refused(stamp: float) -> None:
    with pytest.raises(SoundError):
        decode_chunk(HEADER.pack(1, stamp) + SAMPLES)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1000)), min_size=1, max_size=40))
def test_every_chunk_that_is_missing_is_counted(steps: list[tuple[int, float]]) -> None:
    order, number, clock, now, lost, missing = ChunkOrder(), 0, 0.0, 0.0, 0, 0
    for index, (step, later) in enumerate(steps):
        number, clock, now = number + step, clock + later, now + 1.0
        missing += step - 1 if index else 0
        lost += order.take(Chunk(number, clock, SAMPLES), now)
    assert lost == missing * CHUNK_SAMPLES


@pytest.mark.parametrize("then", [Chunk(5, 100.0, SAMPLES), Chunk(4, 120.0, SAMPLES), Chunk(6, 99.0, SAMPLES)])
def test_what_is_out_of_order_is_refused(then: Chunk) -> None:
    order = ChunkOrder()
    order.take(Chunk(5, 100.0, SAMPLES), 0.0)
    with pytest.raises(SoundError):
        order.take(then, 0.02)


def test_sound_may_catch_up_after_a_while_but_not_run_ahead() -> None:
    order = ChunkOrder()
    for number in range(1000):
        order.take(Chunk(number, 20.0 * number, SAMPLES), 0.02 * number)
    # A page that was held up for two seconds sends them at once.
    for number in range(1000, 1100):
        order.take(Chunk(number, 20.0 * number, SAMPLES), 22.0)
    refused = 0
    for number in range(1100, 1100 + int(2 * IN_HAND_S / 0.02)):
        try:
            order.take(Chunk(number, 20.0 * number, SAMPLES), 22.5)
        except SoundError:
            refused += 1
    assert refused
