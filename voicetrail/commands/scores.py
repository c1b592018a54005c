"""Show your bests, your streak and the accuracy of each word; export results, or import those of another machine.

To merge two machines, run `voicetrail scores --json > FILE` on one and `voicetrail scores import FILE` on the other.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError
from voicetrail.game.share import time_text
from voicetrail.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicetrail.scores.rows import ScoreRow
    from voicetrail.scores.statistics import Week, WordAccuracy
    from voicetrail.scores.store import ScoreStore

_DAYS = "MTWTFSS"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail scores``."""
    parser.add_argument("action", nargs="?", choices=("import",), help="add the results of another machine")
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="what `voicetrail scores --json` printed on the other machine, or its database"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print every result as JSON")
    how.add_argument("--csv", action="store_true", help="print every result as a table for a spreadsheet")
    parser.add_argument("--database", metavar="FILE", help="use another database than the one in the data folder")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail scores``."""
    from voicetrail.scores.store import ScoreStore
    from voicetrail.scores.transfer import export_csv, export_json, import_file

    if args.action and (not args.file or args.json or args.csv):
        raise UsageError("scores import takes the file to import, and no other argument")
    with ScoreStore(Path(args.database) if args.database else None) as store:
        for notice in store.notices:
            output.note(notice)
        if args.action:
            new, known = import_file(store, Path(args.file))
            output.write_line(f"{counted(new, 'new result')}, {known} already known")
        elif args.json:
            output.write_json(export_json(store))
        elif args.csv:
            output.write_line(export_csv(store.rows()), end="")
        else:
            output.write_line("\n".join(report(store)))
    return 0


def report(store: ScoreStore) -> list[str]:
    """The lines that the command prints."""
    from datetime import UTC, datetime

    from voicetrail.scores.statistics import calendar, daily_days, streak, weekly_accuracy

    rows = list(store.rows())
    if not rows:
        return ["There are no results yet. `voicetrail play maze` starts a round."]
    today = datetime.now(UTC).date()
    days = streak(daily_days(rows, (uid for *_, uid in store.tries())), today)
    state = "finished today" if days.today else "not finished today"
    lines = [
        *_bests(store.bests()),
        "",
        f"daily maze: {state}; streak {counted(days.now, 'day')}, longest {counted(days.longest, 'day')}",
        "",
        *_calendar(calendar(rows, today)),
    ]
    words = weekly_accuracy(rows, today)
    return [*lines, "", *_accuracy(words)] if words else lines


def _bests(rows: Sequence[ScoreRow]) -> list[str]:
    table = [("mode", "level", "best", "medal", "words", "par", "time", "when")]
    for row in rows:
        par = "-" if row.par is None else str(row.par)
        figures = str(row.score), row.medal or "-", str(row.words), par, time_text(row.time_ms)
        table.append((row.mode, row.group or "-", *figures, str(row.date)))
    if len(table) == 1:
        return ["no round has been finished yet"]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]


def _calendar(weeks: Sequence[Week]) -> list[str]:
    lines = [f"rounds by day   {'   '.join(_DAYS)}"]
    for week in weeks:
        cells = "".join(f"{'.' if count == 0 else ' ' if count < 0 else count:>4}" for count in week.rounds)
        lines.append(f"{week.monday}  {cells}".rstrip())
    return lines


def _accuracy(words: Sequence[WordAccuracy]) -> list[str]:
    width = max(len("word"), *(len(one.word) for one in words))
    lines = [f"{'word':<{width}}  heard  right  by week, the last one at the end"]
    for one in words:
        by_week = " ".join("  -" if part is None else f"{100 * part:3.0f}" for part in one.by_week)
        lines.append(f"{one.word:<{width}}  {one.count.heard:>5}  {100 * one.accuracy:4.0f}%  {by_week}")
    return lines
