"""The drawing as text, plain or with ANSI colors."""

from __future__ import annotations

from typing import BinaryIO

from voicetrail.game.rules import Rules
from voicetrail.progress import Report
from voicetrail.replay import drawing
from voicetrail.replay.export import Options
from voicetrail.replay.export.look import style_of
from voicetrail.replay.timeline import Timeline

PEN, RESET = "1;33", "\x1b[0m"


def write_txt(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the drawing as lines of text."""
    rows = drawing.rows(timeline.final, plain=options.plain)
    file.write("".join(f"{row}\n" for row in rows).encode())
    progress(1.0)


def write_ans(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the drawing in the terminal's sixteen colors: ``cat`` shows it."""
    game = timeline.final
    left, top, right, bottom = drawing.bounds(game)
    for y in range(top, bottom + 1):
        file.write(colored_row(game, y, left, right - left + 1, plain=options.plain).encode() + b"\n")
    progress(1.0)


def colored_row(game: Rules, y: int, left: int, width: int, *, plain: bool) -> str:
    """A row of a game with its colors and its pen.

    Args:
        game: the game.
        y: the row.
        left: its first column that is shown.
        width: how many columns are shown.
        plain: ASCII characters only.
    """
    pen = drawing.pen_sign(game, plain=plain)
    parts: list[str] = []
    style = ""
    for x in range(left, left + width):
        if pen is not None and pen[0] == (x, y):
            new, sign = PEN, pen[1]
        else:
            mark = game.mark_at((x, y))
            new, sign = style if mark.role == "empty" else style_of(mark), drawing.sign(mark, plain=plain)
        if new != style:
            parts.append(f"{RESET}\x1b[{new}m")
            style = new
        parts.append(sign)
    return "".join(parts).rstrip() + (RESET if style else "")
