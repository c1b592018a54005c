"""List your recorded rounds, newest first."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicetrail.replay.library import ReplaySummary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail replays``."""
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="list another folder than the default one")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail replays``."""
    from voicetrail.replay.library import folder, list_replays

    where = Path(args.folder) if args.folder else folder()
    found = list_replays(where)
    if args.json:
        output.write_json([_as_json(one) for one in found])
    elif not found:
        output.write_line(
            f"There are no replays in {printable(where)}. Press r while you play to record, or start `voicetrail play --record`."
        )
    else:
        output.write_line("\n".join([*_table(found), f"in {printable(where)}"]))
    return 0


def _table(found: Sequence[ReplaySummary]) -> list[str]:
    from voicetrail.replay.library import size_text

    rows = [("when", "length", "words", "mode", "size", "name")]
    for one in found:
        size = size_text(one.size) + (" with sound" if one.sound else "")
        name = " – ".join(part for part in (printable(one.path.name), printable(one.title, 40)) if part)
        rows.append(
            (
                one.when,
                one.length,
                one.word_count,
                one.mode,
                size,
                name if one.playable else f"{name}: {_short(one)}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:5], widths, strict=True)), row[5]]).rstrip() for row in rows
    ]


def _short(one: ReplaySummary) -> str:
    """Why a file cannot be played, without repeating its path."""
    return printable(one.problem.removeprefix(f"{printable(one.path)}: "), 80)


def _as_json(one: ReplaySummary) -> dict[str, object]:
    return {
        "file": str(one.path),
        "title": one.title,
        "date": one.date,
        "duration": None if one.duration_ms is None else one.duration_ms / 1000,
        "words": one.words,
        "mode": one.mode,
        "size": one.size,
        "sound": one.sound,
        "playable": one.playable,
        "problem": one.problem,
    }
