"""Runs the attacks: ``python -m tools.attack [NAME …] [--count N] [--seed N]``; every module here that has a ``run`` is one."""

from __future__ import annotations

import argparse
import pkgutil
import sys
from importlib import import_module
from pathlib import Path

COUNTS = {"soak": 480, "settings": 5000, "replays": 10_000, "kills": 200, "wire": 100_000, "sounds": 5000}
"""Default number of mutants of each attack (of the soak: minutes of sound); others use ``COUNT``."""
COUNT = 1000
SHOWN = 20
"""Most failures that are printed."""


def attacks() -> list[str]:
    """The names of all attacks."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__")
    return [name for name in names if hasattr(import_module(f"tools.attack.{name}"), "run")]


def main() -> int:
    """Run the attacks; return 1 if any of them found a failure."""
    parser = argparse.ArgumentParser(prog="python -m tools.attack", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"the attacks to run, from {', '.join(attacks())} (default: all)"
    )
    parser.add_argument("--count", type=int, help="the number of mutants, instead of each attack's default")
    parser.add_argument("--seed", type=int, default=1, help="seed of the mutants (default: %(default)s)")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in attacks()]
    if unknown:
        parser.error(f"there is no attack {unknown[0]!r}; there are {', '.join(attacks())}")
    failed = 0
    for name in args.names or attacks():
        run = import_module(f"tools.attack.{name}").run
        outcome = run(COUNTS.get(name, COUNT) if args.count is None else args.count, args.seed)
        print(f"{name}: {outcome}", flush=True)
        for failure in outcome.failures[:SHOWN]:
            print(f"  {failure}")
        failed += len(outcome.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
