"""Distinguishes a recording that is still being written from one that was cut off.

The writer holds a lock on its file for as long as it runs; the system takes it away however the program ends. The file is its
owner's alone, so that nobody else can hold it.
"""

from __future__ import annotations

import contextlib
import fcntl


def hold_lock(descriptor: int) -> None:
    """Mark the open file as being written until it is closed."""
    # A file system without locks is no reason not to record.
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
