"""Reads, locks and atomically replaces the program's own files. All other modules use it for that.

The new content of a file is written to a temporary file in the same folder, flushed to the disk, and renamed over the old file. A
reader sees either the old or the new content, and a crash at any moment leaves one of the two. Only regular files are read and
replaced: a FIFO in the place of a file is an error, and does not block the program.

Files and folders are created for their owner only (0600 and 0700), whatever the umask, because recordings of a voice are private.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PUBLIC_FILE = 0o644
"""Permissions of files for everybody, such as weights."""
OTHERS = 0o077
"""Permission bits of everybody but the owner."""
LOCK_TIMEOUT_S = 5.0
"""Longest wait for a lock, in s."""
LOCK_POLL_S = 0.02
"""Seconds between two attempts to take a lock."""


def replace_file(path: Path, content: bytes | str, *, mode: int | None = PRIVATE_FILE) -> None:
    """Replace the content of a file; text is written as UTF-8. See ``replacing``."""
    with replacing(path, mode=mode) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: Path, *, mode: int | None = PRIVATE_FILE) -> Iterator[BinaryIO]:
    """Yield a file to write to, which replaces ``path`` at the end of the block; an error in the block changes nothing.

    A symbolic link stays: the file that it points to is replaced. Missing folders are created (0700). Temporary files of writers that
    were killed are removed.

    Args:
        path: the file to replace; it need not exist.
        mode: permissions of the new file; ``None`` keeps those of the file that is replaced, or else 0600.

    Raises:
        OSError: it cannot be written, or something that is not a regular file is in its place.
    """
    target = Path(os.path.realpath(path))
    before = _regular_or_missing(target)
    if mode is None:
        mode = PRIVATE_FILE if before is None else stat.S_IMODE(before.st_mode)
    make_private_folder(target.parent)
    _remove_abandoned(target)
    file, temporary = _temporary(target)
    try:
        with file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def replace_by(path: Path, new: Path) -> None:
    """Replace a file by another one, which was written whole in the same folder.

    Raises:
        OSError: it cannot be renamed.
    """
    os.replace(new, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a renamed file survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path, largest: int) -> bytes:
    """Read a regular file.

    Args:
        path: the file; a link to one is followed.
        largest: most bytes to read; if the file is larger, one more byte is returned.

    Raises:
        OSError: it cannot be read, or it is not a regular file.
    """
    # Check before opening, because opening a device can have side effects, and after opening, in case the file was exchanged.
    if _regular_or_missing(path) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        _refuse_special(os.fstat(descriptor), path)
        return file.read(largest + 1)


@contextlib.contextmanager
def file_lock(path: Path, timeout_s: float = LOCK_TIMEOUT_S, *, remove: bool = False) -> Iterator[None]:
    """Hold the lock of a file while the block runs: other programs that want to change the file wait.

    The lock is a separate, permanent file (``.NAME.lock``), because the file itself is replaced at every write. Only its owner can
    open it, so no other user can lock it.

    Args:
        path: the file to change.
        timeout_s: how long to wait for another program.
        remove: take the lock's file away at the end.

    Raises:
        OSError: the lock file cannot be opened, or another program holds it for longer than ``timeout_s``.
    """
    make_private_folder(path.parent)
    lock = path.with_name(f".{path.name}.lock")
    end = time.monotonic() + timeout_s
    while (descriptor := _try_to_lock(lock)) is None:
        if time.monotonic() >= end:
            reason = f"another program has held its lock {lock.name} for {timeout_s:g} s; end that program and try again"
            raise TimeoutError(errno.ETIMEDOUT, reason, str(lock))
        time.sleep(LOCK_POLL_S)
    try:
        yield
    finally:
        if remove:
            with contextlib.suppress(OSError):
                lock.unlink()
        os.close(descriptor)


def _try_to_lock(lock: Path) -> int | None:
    """Open a lock's file and lock it; ``None`` where another program holds it, or has just taken it away."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(lock, flags, PRIVATE_FILE)
    try:
        found = os.fstat(descriptor)
        _refuse_special(found, lock)
        if stat.S_IMODE(found.st_mode) != PRIVATE_FILE:
            os.fchmod(descriptor, PRIVATE_FILE)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, for the owner only; an existing folder is not changed.

    Raises:
        OSError: it cannot be created, or something else is in its place.
    """
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_private_folder(folder.parent)
    try:
        folder.mkdir(PRIVATE_FOLDER)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return  # another program created it first
    folder.chmod(PRIVATE_FOLDER)  # a umask can only have removed permissions


def close_to_others(path: Path) -> bool:
    """Remove all permissions of others from a folder or file that we own.

    Returns:
        Whether it was open to others. A path that is missing, or not ours, is not changed.

    Raises:
        OSError: its permissions cannot be changed.
    """
    if not is_open_to_others(path):
        return False
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
    return True


def is_open_to_others(path: Path) -> bool:
    """Whether a folder or file that we own exists and others have any permission for it."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and bool(found.st_mode & OTHERS)


def _temporary(target: Path) -> tuple[BinaryIO, Path]:
    """Open a temporary file beside the target; its lock shows that it is being written."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return os.fdopen(descriptor, "wb"), Path(name)
        os.close(descriptor)  # removed by another writer before it was locked


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files of killed writers: those that nobody has locked."""
    prefix = f".{target.name[:100]}."
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if not (entry.name.startswith(prefix) and entry.name.endswith(".tmp") and entry.is_file(follow_symlinks=False)):
                continue
            with contextlib.suppress(OSError):
                descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
                finally:
                    os.close(descriptor)


def _regular_or_missing(path: Path) -> os.stat_result | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    _refuse_special(found, path)
    return found


def _refuse_special(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
