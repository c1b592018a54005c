"""The table of the daily maze on a visitor's screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.message import Message
from textual.screen import Screen

from voicetrail.game.share import time_text
from voicetrail.play.host_table import host_of
from voicetrail.ui.style.look import Look
from voicetrail.ui.widgets.rows import Run

if TYPE_CHECKING:
    from voicetrail.play.context import SessionContext
    from voicetrail.scores.shared.table import DayTable, TableRow

GUEST = "guest"


class TableArrived(Message, bubble=False):
    """The host sent a table, or the reason why a result does not count."""


def follow_table(screen: Screen[None], context: SessionContext, day: date) -> Callable[[], None]:
    """Request the table of a day, and send the screen ``TableArrived`` with each one. Returns a function that unsubscribes."""
    host = host_of(context.scores)
    if host is None:
        return _nothing

    def report() -> None:
        # Called in the reader's thread; the app may have ended meanwhile.
        with suppress(RuntimeError):
            screen.post_message(TableArrived())

    end = host.subscribe(report)
    host.request(day)
    return end


def day_rows(table: DayTable | None, look: Look, most: int) -> list[list[Run]]:
    """Return the table as rows.

    Args:
        table: the table; ``None`` while the answer is pending.
        look: current colors.
        most: maximum number of rows without the heading; the visitor's own row is always included.
    """
    heading: list[Run] = [("Today's maze on this host", look.accent)]
    if table is None:
        return [heading, [("loading the table…", look.dim)]]
    if not table.finished:
        text = f"{table.tried} played, nobody has found the exit yet" if table.tried else "nobody has played it yet"
        return [heading, [(text, look.dim)]]
    heading.append((f"  {table.finished} of {table.tried} finished", look.dim))
    shown = [row for number, row in enumerate(table.rows) if number < most or row.own]
    if len(shown) > most > 1 and shown[-1].own:
        del shown[most - 1 : -1]
    hosts = len({row.host for row in table.rows}) > 1
    width = max(cell_len(row.name) for row in shown)
    rows = [heading, *(_row(row, look, width, hosts) for row in shown)]
    if table.stale:
        rows.append([("results from other hosts are missing", look.dim)])
    return rows


def _row(row: TableRow, look: Look, width: int, hosts: bool) -> list[Run]:
    name = row.name + " " * (width - cell_len(row.name))
    style = look.accent if row.own else look.text
    notes = [row.how or "", "" if row.known else GUEST, row.host if hosts else "", "you" if row.own else ""]
    about = ", ".join(note for note in notes if note)
    return [
        (f"{row.place:>3} ", look.dim),
        (f"{name} ", style),
        (f"{row.score:>4}", look.good),
        (f" {time_text(row.time_ms):>6}  {about}", look.dim),
    ]


def _nothing() -> None:
    pass
