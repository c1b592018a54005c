"""Lines from a socket between processes of this program, which send each other JSON, an object a line."""

from __future__ import annotations

import socket
from collections.abc import Iterator


def lines_of(connection: socket.socket, limit: int) -> Iterator[bytes]:
    """The lines that come, until the other end is gone or one is too long.

    Args:
        connection: a timeout of it does not end the lines.
        limit: most bytes of a line, and of one read.
    """
    waiting = b""
    while len(waiting) <= limit:
        try:
            received = connection.recv(limit)
        except TimeoutError:
            continue
        except OSError:
            return
        if not received:
            return
        *lines, waiting = (waiting + received).split(b"\n")
        yield from lines
