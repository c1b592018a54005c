"""Folders that are replaced and deleted as a whole, also where the program is killed in the middle.

Beside the folders that count lie, for a moment, others whose names begin with a dot: one that is being filled (``.new-…``), one that
is being replaced (``.old-NAME``) and one that is being deleted (``.gone-…``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from voicetrail.atomic import file_lock, make_private_folder, sync_folder

NEW, OLD, GONE = ".new-", ".old-", ".gone-"
SWAP = "swap"
"""The lock ``.swap.lock`` is held while one folder takes the place of another."""


@contextlib.contextmanager
def swapping(root: Path) -> Iterator[None]:
    """Hold the lock under which one folder takes the place of another.

    Raises:
        OSError: another program holds it for too long, or it cannot be opened.
    """
    with file_lock(root / SWAP, remove=True):
        yield


@contextlib.contextmanager
def filling(root: Path) -> Iterator[Path]:
    """Give a new folder to fill, which is removed when the block ends, unless it was renamed by then.

    Raises:
        OSError: it cannot be made.
    """
    make_private_folder(root)
    with swapping(root):
        partial = Path(tempfile.mkdtemp(prefix=NEW, dir=root))
        # Its lock says that somebody fills it.
        descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        yield partial
    finally:
        os.close(descriptor)
        shutil.rmtree(partial, ignore_errors=True)


def take_place(partial: Path, target: Path) -> None:
    """Put a folder that was filled into the place of another, or where there is none yet.

    Raises:
        OSError: it cannot be renamed; then everything is as it was.
    """
    root = target.parent
    sync_folder(partial)
    with swapping(root):
        old = root / f"{OLD}{target.name}"
        if target.exists():
            target.rename(old)
        partial.rename(target)
        sync_folder(root)
        shutil.rmtree(old, ignore_errors=True)


def remove_folder(path: Path, root: Path) -> None:
    """Delete a folder: it is gone at once, and so are its files, or they go when the folders are next put in order.

    Raises:
        OSError: it cannot be deleted.
    """
    make_private_folder(root)
    # It is renamed, and not moved into a new folder, because a full disk may have no room for one.
    gone = root / f"{GONE}{secrets.token_hex(8)}"
    path.rename(gone)
    sync_folder(path.parent)
    shutil.rmtree(gone)
    sync_folder(root)


def put_in_order(root: Path) -> None:
    """Take back what a program that was killed was about to replace, and remove what it was about to write or delete.

    Nothing is raised: a folder that cannot be written to is as it is.
    """
    with contextlib.suppress(OSError):
        left = [path for path in root.iterdir() if path.name.startswith((NEW, OLD, GONE)) and path.is_dir()]
        if not left:
            return
        with file_lock(root / SWAP, timeout_s=0.0, remove=True):
            for path in left:
                target = root / path.name.removeprefix(OLD)
                if path.name.startswith(OLD) and not target.exists():
                    path.rename(target)
                elif path.name.startswith(OLD) or _is_abandoned(path):
                    shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
