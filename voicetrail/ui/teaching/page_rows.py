"""What the pages of the teaching screens are put together from: bars, sentences, keys."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from voicetrail.text import printable
from voicetrail.ui.style.look import Look
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.wrap import wrap_text

BAR = 30
"""Columns of a bar."""

Page = list[list[Run]]


def bar(look: Look, part: float, style: Style) -> list[Run]:
    """A bar that is filled to a part."""
    filled = round(min(1.0, max(0.0, part)) * BAR)
    return [(look.marks.full * filled, style), (look.marks.empty * (BAR - filled), look.dim)]


def sentences(look: Look, text: str, width: int) -> Page:
    """A whole sentence or two, marked as what the player should look at."""
    return [[("  " if n else "! ", look.warn), (line, look.text)] for n, line in enumerate(wrap(text, width - 3))]


def wrap(text: str, width: int) -> list[str]:
    """Text that may be long, in lines."""
    return wrap_text(printable(text, 400), max(20, width))


def said_rows(text: str, width: int, style: Style) -> Page:
    """A line that may be long."""
    return [[(line, style)] for line in wrap_text(printable(text, 600), max(20, width - 1))]


def key_rows(look: Look, keys: str, width: int) -> Page:
    """What keys do, ``key: what`` one after the other, none of them broken."""
    rows, left = list[str](), 0
    for each in keys.split("   "):
        if rows and len(each) + 3 <= left:
            rows[-1] += f"   {each}"
        else:
            rows.append(each)
        left = width - len(rows[-1])
    return [[(row, look.dim)] for row in rows]


def fill(rows: Rows, page: Page) -> None:
    """Show a page, and nothing below it."""
    for y, runs in enumerate(page):
        rows.put(y, runs)
    rows.truncate(len(page))


def fitted(text: str, cells: int, *, right: bool = False) -> str:
    """Text in so many cells of the terminal, cut or with blanks behind it (``right``: before it); a letter may take two cells."""
    if right and cell_len(text) < cells:
        return " " * (cells - cell_len(text)) + text
    return set_cell_size(text, cells)


def cut(runs: list[Run], width: int) -> list[Run]:
    """As many runs as fit."""
    out, used = list[Run](), 0
    for text, style in runs:
        used += cell_len(text)
        if used > width:
            break
        out.append((text, style))
    return out
