"""Measures what the game costs; ``make bench`` prints a table. Not part of the tests, because the figures depend on the machine."""

from __future__ import annotations

import signal
import sys


def end_cleanly_when_killed() -> None:
    """End the measurement and its child processes on SIGTERM and SIGHUP, as ctrl+c does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda given, _: sys.exit(128 + given))
