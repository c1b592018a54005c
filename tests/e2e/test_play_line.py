"""What the game sends over the line, measured at its pty."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.screen import bytes_a_second, bytes_for_a_move, silence
from voicetrail.audio.file import demo_path


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
def test_bytes_for_a_move_in_silence_and_while_speaking(size: tuple[int, int], tmp_path: Path) -> None:
    rows = [
        bytes_for_a_move(tmp_path, size, moves=12),
        bytes_a_second(silence(tmp_path), size, "while silent", 300, seconds=5),
        bytes_a_second(demo_path(), size, "while speaking", 4000, seconds=8),
    ]
    for row in rows:
        assert float(row["value"]) <= float(row["limit"]), row
    assert float(rows[0]["value"]) > 50, "something was drawn"
    assert float(rows[2]["value"]) > 50, "something was heard"
