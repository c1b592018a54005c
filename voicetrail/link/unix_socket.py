"""Unix sockets that only this user can use: made, checked and removed."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from voicetrail.errors import RemoteError
from voicetrail.text import printable


class ListeningSocket:
    """A Unix socket that listens, for its owner only (mode 0600).

    Args:
        path: where; a socket that a program left behind there is replaced.
        shown: what messages call it.
        backlog: connections that wait to be accepted.

    Raises:
        RemoteError: something else is there, or another program that serves it, or it cannot be made.
    """

    def __init__(self, path: Path, shown: str, backlog: int) -> None:
        self._path = path
        try:
            self._clear(path, shown)
            self.socket = socket.socket(socket.AF_UNIX)
            old_mask = os.umask(0o177)
            try:
                self.socket.bind(str(path))
            except OSError:
                self.socket.close()
                raise
            finally:
                os.umask(old_mask)
            self._made = path.lstat()
            self.socket.listen(backlog)
        except OSError as error:
            raise RemoteError(f"cannot serve {shown}: {error.strerror or printable(error)}") from None

    @staticmethod
    def _clear(path: Path, shown: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            if not stat.S_ISSOCK(found.st_mode):
                raise RemoteError(f"cannot serve {shown}: something that is not a socket is there")
            if found.st_uid != os.geteuid():
                raise RemoteError(f"cannot serve {shown}: another user's socket is there")
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
                probe.settimeout(1)
                probe.connect(str(path))
                raise RemoteError(f"{shown} is served already: stop the other program, or take another path")
            path.unlink()

    def remove(self) -> None:
        """Remove the socket's file, unless another program has put its own there meanwhile."""
        with contextlib.suppress(OSError):
            there = self._path.lstat()
            if (there.st_dev, there.st_ino) == (self._made.st_dev, self._made.st_ino):
                self._path.unlink()


def check_private_folder(folder: Path) -> None:
    """Refuse a folder that anybody but this user could reach a socket in.

    Raises:
        RemoteError: it is not there, not a folder (a link is none), belongs to another user, or others may enter it.
    """
    shown = printable(folder)
    try:
        found = folder.lstat()
    except OSError as error:
        raise RemoteError(f"cannot use the folder {shown}: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise RemoteError(f"{shown} is not a folder")
    if found.st_uid != os.geteuid():
        raise RemoteError(f"the folder {shown} belongs to another user")
    if found.st_mode & 0o077:
        raise RemoteError(f"other users may enter the folder {shown}: run `chmod 700 {shown}`")
