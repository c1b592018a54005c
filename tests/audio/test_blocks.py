"""Sound held in memory as a source."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from voicetrail.audio.blocks import BlockSource
from voicetrail.audio.source import Source
from voicetrail.errors import UsageError
from voicetrail.events import AudioBlock, SourceEnded


def test_blocks_of_any_number_type_are_read_until_the_end() -> None:
    source: Source = BlockSource([[0.5, -0.5], np.zeros(3, dtype=np.float64), []], "words.flac")
    assert (source.name, source.live) == ("words.flac", False)
    for expected in ([0.5, -0.5], [0.0, 0.0, 0.0], []):
        block = source.read(0)
        assert isinstance(block, AudioBlock)
        assert block.samples.dtype == np.float32
        assert block.samples.tolist() == expected
        assert block.captured is None
    assert source.read(0) == SourceEnded(0)
    assert source.read(0) is None


def test_generator_is_advanced_only_on_read() -> None:
    asked = []

    def blocks() -> Iterator[list[float]]:
        for number in range(10):
            asked.append(number)
            yield [0.0]

    source = BlockSource(blocks())
    assert asked == []
    source.read(0)
    assert asked == [0]


def test_closed_source_returns_nothing() -> None:
    with BlockSource([[0.0]] * 3) as source:
        assert source.read(0) is not None
    assert source.read(0) is None
    source.close()
    assert source.read(0) is None


@pytest.mark.parametrize("block", [0.5, [[0.0, 0.1]], [float("nan")], [float("inf")]], ids=str)
def test_blocks_of_wrong_shape_are_refused(block: npt.ArrayLike) -> None:
    source = BlockSource([[0.0], block])
    source.read(0)
    with pytest.raises(UsageError, match="each block must be one row of finite samples"):
        source.read(0)
