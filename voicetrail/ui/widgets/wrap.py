"""Wraps text and styled rows at word boundaries, by the cells that they take in the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.cells import cell_len, chop_cells

from voicetrail.ui.widgets.rows import Run


def wrap_text(text: str, width: int) -> list[str]:
    """Wrap a text; a character may take two cells, or none."""
    if cell_len(text) == len(text):
        return textwrap.wrap(text, width)
    lines, line = list[str](), ""
    for word in text.split():
        for piece in [word] if cell_len(word) <= width else chop_cells(word, width):
            if line and cell_len(line) + 1 + cell_len(piece) > width:
                lines.append(line)
                line = piece
            else:
                line = f"{line} {piece}" if line else piece
    return [*lines, line] if line else lines


def wrapped(rows: Iterable[list[Run]], width: int) -> list[list[Run]]:
    """Wrap rows that are too long inside of their last run; the following lines are indented to the start of that run."""
    out: list[list[Run]] = []
    for runs in rows:
        length = sum(cell_len(text) for text, _ in runs)
        if length <= width or not runs:
            out.append(runs)
            continue
        before, (text, style) = runs[:-1], runs[-1]
        indent = sum(cell_len(each) for each, _ in before)
        if width - indent < 12:
            # The last run alone would become a column of single words, so the whole row is wrapped as one text.
            whole = "".join(each for each, _ in runs)
            out += [[(line, style)] for line in wrap_text(whole, max(12, width))]
            continue
        lines = wrap_text(text, width - indent) or [""]
        out.append([*before, (lines[0], style)])
        out += [[(" " * indent, style), (line, style)] for line in lines[1:]]
    return out
