"""List, export or delete the results of the visitors of a host, or of several hosts that share one database.

Without an action, the command prints the table of the day and the best result of every level. `list` prints every result, `export`
prints them as JSON (or, with `--csv`, as a table), and `delete NAME` deletes all results of the visitors with that name.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError
from voicetrail.text import counted, expanded_path, printable

if TYPE_CHECKING:
    from voicetrail.host_scores.store import HostScoreStore
    from voicetrail.scores.shared.result import SharedResult

FORMAT = "voicetrail-host-scores"
FORMAT_VERSION = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail host-scores``."""
    from voicetrail.host_scores import address

    parser.add_argument(
        "action", nargs="?", choices=("show", "list", "export", "delete"), default="show", help="what to do (default: show)"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="only visitors with this name, as the tables show it")
    parser.add_argument("--day", metavar="DATE", help="show the table of another day, such as 2026-11-25")
    parser.add_argument("--csv", action="store_true", help="with export: print a table for a spreadsheet")
    parser.add_argument("--yes", action="store_true", help="with delete: do not ask for confirmation")
    parser.add_argument("--state", metavar="FOLDER", help="the host's folder, if it is not the default one")
    address.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail host-scores``."""
    from voicetrail.host_scores.address import database_address, default_folder

    _check(args)
    day = _day(args.day)
    folder = expanded_path(args.state) if args.state else default_folder()
    address = database_address(args.database, args.database_file, folder=folder)
    if not address.is_shared and not address.path.exists():
        raise UsageError(f"there are no visitors' scores in {address}; name another place with --database or --state")
    for notice in address.notices:
        output.note(notice)
    from voicetrail.host_scores.store import HostScoreStore

    store = HostScoreStore(address)
    try:
        match args.action:
            case "show":
                output.write_line(
                    "\n".join([*_day_lines(store, day), "", *_lines(store.bests(), "no round has been finished yet")])
                )
            case "list":
                output.write_line("\n".join(_lines(store.results(args.name), "no results")))
            case "export" if args.csv:
                output.write_line(_csv(store.results(args.name)), end="")
            case "export":
                from voicetrail.scores.shared.result import to_json

                results = [to_json(one) for one in store.results(args.name)]
                output.write_json({"format": FORMAT, "version": FORMAT_VERSION, "results": results})
            case "delete":
                _delete(store, args.name, folder, args.yes)
    finally:
        store.close()
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.action == "delete" and not args.name:
        raise UsageError("host-scores delete needs a name, as the tables show it")
    if args.csv and args.action != "export":
        raise UsageError("host-scores: --csv works only with export")
    if args.action == "show" and args.name:
        raise UsageError("host-scores show takes no name; `voicetrail host-scores list NAME` prints the results of one")


def _day(text: str | None) -> date:
    from datetime import UTC, datetime

    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--day cannot be {printable(text, 40)!r}: write a date such as 2026-11-25") from None


def _day_lines(store: HostScoreStore, day: date) -> list[str]:
    from voicetrail.game.share import time_text
    from voicetrail.scores.shared.table import ROWS_MAX, day_table

    table = day_table(store.tries(day), day, rows=ROWS_MAX)
    heading = f"the maze of {day}: {table.finished} of {counted(table.tried, 'player')} found the exit"
    rows = [("", "name", "", "score", "time", "by", "host")]
    for row in table.rows:
        rows.append((f"{row.place}", row.name, _guest(row.known), f"{row.score}", time_text(row.time_ms), row.how, row.host))
    return [heading, *(_columns(rows) if len(rows) > 1 else [])]


def _lines(results: Iterable[SharedResult], nothing: str) -> list[str]:
    from voicetrail.game.share import time_text

    rows = [("began", "mode", "level", "name", "", "score", "time", "by", "host")]
    for one in results:
        began = one.began.strftime("%Y-%m-%d %H:%M")
        level = one.level if one.finished else f"{one.level} (left)".strip()
        time = time_text(one.time_ms)
        rows.append(
            (began, one.mode, level or "-", one.name, _guest(one.known), f"{one.score}", time, one.how or "-", one.host)
        )
    return _columns(rows) if len(rows) > 1 else [nothing]


def _guest(known: bool) -> str:
    return "" if known else "guest"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    from rich.cells import cell_len

    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    shown = []
    for row in rows:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True) if width)
        shown.append("  ".join(cells).rstrip())
    return shown


def _csv(results: Iterable[SharedResult]) -> str:
    from voicetrail.scores.shared.result import to_json
    from voicetrail.scores.transfer import csv_cell

    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    for number, one in enumerate(results):
        values = to_json(one) | {"how": one.how}
        if not number:
            table.writerow(values)
        table.writerow([csv_cell(value) for value in values.values()])
    return out.getvalue()


def _delete(store: HostScoreStore, name: str, folder: Path, sure: bool) -> None:
    from voicetrail.host_scores.waiting import FILE_NAME, WaitingResults

    visitors, shown = store.visitors(name), printable(name)
    if visitors and not sure:
        if not sys.stdin.isatty():
            raise UsageError(f"deleting the results of {shown} needs confirmation; without a terminal, add --yes")
        of_keys = sum(known for _, known, _ in visitors)
        who = f"{of_keys} with a key, {len(visitors) - of_keys} without"
        output.write_line(
            f"Delete {counted(sum(count for *_, count in visitors), 'result')} of {shown} (visitors: {who})? Type yes to delete."
        )
        if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
            output.write_line("Nothing was deleted.")
            return
    count = 0
    # Waiting results first: otherwise they could reach the database after the others were deleted from it.
    if (folder / FILE_NAME).exists():
        waiting = WaitingResults(folder)
        count += waiting.delete(name)
        waiting.close()
    count += store.delete(name)
    output.write_line(f"Deleted {counted(count, 'result')} of {shown}." if count else f"There are no results of {shown}.")
