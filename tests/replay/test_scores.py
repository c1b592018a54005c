"""The scores' short text: nothing is lost, it is short, and damage is noticed or harmless."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.makers import spoken
from voicetrail.replay.file.scores import LABELS_MAX, decode, encode, quantize

rows = st.integers(1, 20).flatmap(lambda labels: st.lists(st.tuples(*[st.integers(0, 1000)] * labels), min_size=1, max_size=26))


@settings(max_examples=40, deadline=None)
@given(rows)
def test_rows_come_back(given_rows: list[tuple[int, ...]]) -> None:
    assert decode(encode(given_rows), len(given_rows), len(given_rows[0])) == given_rows


def test_a_rounded_posterior_is_kept_to_the_bit() -> None:
    for thousandths in range(1001):
        posterior = round(thousandths / 1000, 3)
        assert quantize([posterior])[0] / 1000 == posterior


def test_a_second_with_twenty_labels_is_under_half_a_kilobyte() -> None:
    labels = (*(f"word{number}" for number in range(18)), "_unknown_", "_background_noise_")
    scores = [quantize(row) for row in spoken(3, 25 * 60, labels, every=25)]
    sizes = [len(encode(scores[first : first + 25])) for first in range(0, len(scores), 25)]
    assert sum(sizes) / len(sizes) < 500


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.integers(-1, 300), st.integers(-1, LABELS_MAX + 2))
def test_any_text_is_read_or_refused(text: str, hops: int, labels: int) -> None:
    try:
        read = decode(text, hops, labels)
    except ValueError:
        return
    assert len(read) == hops
    assert all(len(row) == labels and all(0 <= value <= 1000 for value in row) for row in read)


def test_a_cut_text_is_refused() -> None:
    text = encode([quantize(row) for row in spoken(1, 25)])
    with pytest.raises(ValueError, match=r".+"):
        decode(text[: len(text) // 2], 25, 6)
