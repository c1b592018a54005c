"""What the game costs, measured from outside; ``make bench`` prints it. Never part of the tests: figures depend on the machine."""

from __future__ import annotations

import signal
import sys


def end_cleanly_when_killed() -> None:
    """Have a SIGTERM or SIGHUP end the measurement as ctrl+c does: what it started is ended with it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda given, _: sys.exit(128 + given))
