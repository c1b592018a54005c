"""Wraps styled rows at word boundaries."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from voicetrail.ui.widgets.rows import Run


def wrapped(rows: Iterable[list[Run]], width: int) -> list[list[Run]]:
    """Wrap rows that are too long inside of their last run; the following lines are indented to the start of that run."""
    out: list[list[Run]] = []
    for runs in rows:
        length = sum(len(text) for text, _ in runs)
        if length <= width or not runs:
            out.append(runs)
            continue
        before, (text, style) = runs[:-1], runs[-1]
        indent = sum(len(each) for each, _ in before)
        if width - indent < 12:
            # The last run alone would become a column of single words, so the whole row is wrapped as one text.
            whole = "".join(each for each, _ in runs)
            out += [[(line, style)] for line in textwrap.wrap(whole, max(12, width))]
            continue
        lines = textwrap.wrap(text, width - indent) or [""]
        out.append([*before, (lines[0], style)])
        out += [[(" " * indent, style), (line, style)] for line in lines[1:]]
    return out
