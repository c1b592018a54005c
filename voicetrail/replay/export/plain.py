"""The drawing as text, plain or with ANSI colors."""

from __future__ import annotations

from typing import BinaryIO

from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS
from voicetrail.replay import drawing
from voicetrail.replay.export import Options, Report
from voicetrail.replay.timeline import Timeline

GREEN, YELLOW, RESET = "\x1b[32m", "\x1b[1;33m", "\x1b[0m"


def write_txt(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the drawing as lines of text."""
    rows = drawing.rows(timeline.final, ASCII_GLYPHS if options.plain else BOX_GLYPHS)
    file.write("".join(f"{row}\n" for row in rows).encode())
    progress(1.0)


def write_ans(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the drawing with colors of the terminal's own sixteen: ``cat`` shows it."""
    glyphs = ASCII_GLYPHS if options.plain else BOX_GLYPHS
    game = timeline.final
    left, top, _, _ = game.trail.bounds()
    pen = game.trail.pen
    for y, row in enumerate(drawing.rows(game, glyphs)):
        if y == pen.y - top:
            x = pen.x - left
            row = f"{row[:x]}{YELLOW}{row[x]}{RESET}{GREEN}{row[x + 1 :]}"
        file.write(f"{GREEN}{row}{RESET}\n".encode())
    progress(1.0)
