"""Distinguishes a recording that is still being written from one that was cut off.

The writer holds a lock on its file while it runs; the system releases it however the program ends. Only the owner can open the
file, so nobody else can hold the lock.
"""

from __future__ import annotations

import contextlib
import fcntl


def hold_lock(descriptor: int) -> None:
    """Mark the open file as being written until it is closed."""
    # Recording works on a file system without locks, too.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_being_written(descriptor: int) -> bool:
    """Whether a program holds the lock on the open file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
