"""A progress bar for slow commands."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from time import monotonic

PATIENCE_S = 2.0
"""A command that finishes sooner shows no bar."""
EVERY_S = 0.1
"""Seconds between two checks."""

Report = Callable[[float], None]
"""Called with the finished part of the work, 0 to 1."""


def report_nothing(part: float) -> None:
    """Ignore the progress."""


@contextlib.contextmanager
def progress_bar(what: str, *, patience_s: float = PATIENCE_S) -> Iterator[Report]:
    """Show a progress bar on stderr if that is a terminal and the work is slow; the bar disappears at the end.

    Args:
        what: the description beside the bar.
        patience_s: how long the work may take without a bar, in s.
    """
    if not sys.stderr.isatty():
        yield report_nothing
        return
    with contextlib.ExitStack() as shown:
        began = last = monotonic()
        update: Report | None = None

        def report(part: float) -> None:
            nonlocal update, last
            now = monotonic()
            if now - began < patience_s or now - last < EVERY_S:
                return
            last = now
            update = update or _show(what, shown)
            update(part)

        yield report


def _show(what: str, shown: contextlib.ExitStack) -> Report:
    # Imported only when a bar is needed: most commands finish before.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    progress = shown.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    task = progress.add_task(what, total=1.0)
    return lambda part: progress.update(task, completed=part)
