"""``make bench``: prints a table of what the game costs and writes it as JSON (``bench.json``).

To measure only some parts, name them: ``make bench ARGS="recognizer screen"``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from bench import end_cleanly_when_killed

PARTS = ("recognizer", "screen", "snake", "replay", "remote", "serve")

Row = dict[str, str | float]


def _rows(part: str) -> Iterable[Row]:
    rows: Callable[[], Iterable[Row]] = import_module(f"bench.{part}").rows
    return rows()


def main() -> None:
    """Measure, and print row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    args = parser.parse_args()
    end_cleanly_when_killed()
    unknown = sorted(set(args.parts) - set(PARTS))
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    table: list[Row] = []
    print(f"{'what':<72} {'measured':>14}   at most")
    for part in args.parts:
        for row in _rows(part):
            table.append(row)
            value, limit = float(row["value"]), row.get("limit")
            verdict = "" if limit is None else f"{float(limit):g} {row['unit']}{'' if value <= float(limit) else '   MISSED'}"
            print(f"{row['name']:<72} {value:>10.4g} {row['unit']:<5} {verdict}", flush=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    args.out.write_text(json.dumps({"machine": machine, "rows": table}, indent=1), "utf-8")
    print(f"written to {args.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
