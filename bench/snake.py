"""Measures a snake at top speed: its traffic, and its cost while the recognizer listens."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from bench.screen import ARROWS, LISTENS, Play, Row, silence

TOP = """
import sys
from voicetrail.game.modes import snake
snake.START_SPEED = snake.TOP_SPEED
from voicetrail.cli import main
sys.exit(main(["play", "snake", "large", "--seed", "1", *sys.argv[1:]]))
"""
"""The game with a snake that begins at top speed, as after 25 pieces of food."""
LEG_S = 0.8
"""Time for each side (four cells) of the square that the snake follows."""
ROUNDS = 4
SIZES = ((80, 24), (100, 30))


def snake_at_full_speed(size: tuple[int, int]) -> list[Row]:
    """Measure bytes per second and the share of a core of the whole game, while the snake moves at 5 cells per second."""
    # Spoken words would steer the snake too; a quiet room costs the recognizer just as much.
    with tempfile.TemporaryDirectory(prefix="voicetrail-bench-") as folder, _play(Path(folder), size) as play:
        play.wait_for(LISTENS)
        play.read(1.0)
        before, cpu, took = len(play.output), play.cpu_seconds(), 0.0
        for direction in ("up", "right", "down", "left") * ROUNDS:
            play.press(ARROWS[direction])
            took += play.read(LEG_S)
        sent, share = (len(play.output) - before) / took, (play.cpu_seconds() - cpu) / took
        if b"wall" in play.output[before:] or b"bit itself" in play.output[before:]:
            raise RuntimeError("the snake came to its end while it was measured")
    where = f"{size[0]}×{size[1]}"
    return [
        {"name": f"bytes per second of a snake at 5 cells/s, {where}", "value": round(sent), "unit": "bytes/s", "limit": 3000},
        {"name": f"a snake at 5 cells/s, of one core, {where}", "value": round(100 * share, 1), "unit": "%", "limit": 8},
    ]


def _play(folder: Path, size: tuple[int, int]) -> Play:
    return Play(["--source", str(silence(folder))], size, (sys.executable, "-c", TOP))


def rows() -> list[Row]:
    """Measure all rows of the table."""
    return [row for size in SIZES for row in snake_at_full_speed(size)]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row, ensure_ascii=False))
