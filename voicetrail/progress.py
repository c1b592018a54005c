"""A progress bar for commands that take long."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from time import monotonic

PATIENCE_S = 2.0
"""A command that is done sooner shows no bar."""
EVERY_S = 0.1
"""Time between two looks."""

Report = Callable[[float], None]
"""Called with the part that is done, between 0 and 1."""


def report_nothing(part: float) -> None:
    """A report that nobody reads."""


@contextlib.contextmanager
def progress_bar(what: str, *, patience_s: float = PATIENCE_S) -> Iterator[Report]:
    """Show how far something is, on stderr, where that is a terminal and it takes long; the bar is gone afterwards.

    Args:
        what: what is being done.
        patience_s: how long it may take without a bar.
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
    # Imported when a bar is needed: most commands end before.
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
