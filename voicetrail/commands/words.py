"""List, rename, delete, export or import sets of taught words.

Without an action, the command lists the sets. To use a set, give `--words NAME` to play, listen, classify, calibrate, ssh or replay.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.teaching.word_sets import SetInfo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail words``."""
    parser.add_argument("--json", action="store_true", help="list the sets as JSON, one object per line")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    rename = actions.add_parser("rename", help="rename a set")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new", metavar="NEW")
    delete = actions.add_parser("delete", help="delete a set and its takes")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    export = actions.add_parser("export", help="write a set to one file")
    export.add_argument("name", metavar="NAME")
    export.add_argument("out", type=Path, metavar="FILE", nargs="?", help="the file to write (default: NAME.vtwords, here)")
    export.add_argument("--without-takes", action="store_true", help="leave out the recordings of your voice")
    export.add_argument("--force", action="store_true", help="replace an existing file")
    take = actions.add_parser("import", help="import a set from a file")
    take.add_argument("file", type=Path, metavar="FILE")
    take.add_argument("--name", metavar="NAME", help="the name of the set here (default: its name in the file)")
    take.add_argument("--force", action="store_true", help="replace an existing set of that name")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail words``."""
    from voicetrail.teaching import exchange, word_sets
    from voicetrail.teaching.collecting import drafts

    if args.action is None:
        return _list(args.json)
    if args.action == "rename":
        drafts.rename_set(args.name, args.new)
        output.write_line(f"Renamed {printable(args.name)} to {printable(args.new)}.")
    elif args.action == "delete":
        word_sets.check_name(args.name)
        if not args.yes and not _confirmed(args.name):
            output.write_line("Nothing was deleted.")
            return 0
        if not drafts.delete_draft(args.name) or word_sets.is_there(args.name):
            word_sets.delete_set(args.name)
        output.write_line(f"Deleted {printable(args.name)} and its takes.")
    elif args.action == "export":
        out = args.out or Path(f"{args.name}{word_sets.SUFFIX}")
        exchange.export_set(args.name, out, examples=not args.without_takes, overwrite=args.force)
        output.write_line(str(out))
    else:
        info = exchange.import_set(args.file, args.name, overwrite=args.force)
        output.write_line(f"{info.name}: {', '.join(info.words)}. Play with it: voicetrail play --words '{info.name}'")
    return 0


def _confirmed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"deleting {printable(name)} needs confirmation; without a terminal, add --yes")
    output.write_line(f"Delete the set {printable(name)} and all of its takes? Type yes to delete them.")
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _list(as_json: bool) -> int:
    from voicetrail.teaching import word_sets
    from voicetrail.teaching.collecting.drafts import damaged_drafts, list_drafts

    sets = word_sets.list_sets()
    for info in sets:
        output.write_line(json.dumps(asdict(info), ensure_ascii=False) if as_json else _line(info))
    if as_json:
        unfinished = []
    else:
        unfinished = list_drafts()
        for draft in unfinished:
            output.write_line(
                f"{draft.name}: not finished, {draft.takes} takes of {', '.join(draft.words)}; "
                f"to resume: voicetrail teach '{draft.name}' --continue"
            )
    if not sets and not unfinished and not as_json:
        output.write_line("No words have been taught yet. `voicetrail teach NAME` teaches some.")
    for name, reason in (*word_sets.damaged_sets(), *damaged_drafts()):
        output.write_error(f"voicetrail: skipped {printable(name)}: {printable(reason)}")
    return 0


def _line(info: SetInfo) -> str:
    words = ", ".join(f"{word} = {info.meanings[word]}" if word in info.meanings else word for word in info.words)
    takes = sum(info.takes.values())
    recorded = f"{takes} takes" if takes else "no takes saved"
    return f"{info.name}: {words} ({recorded}; {info.accuracy:.0%} of held-out takes right; made {info.made[:10]})"
