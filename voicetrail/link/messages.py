"""Messages between processes of this program: JSON, an object a line, over a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator


def messages_of(connection: socket.socket, limit: int) -> Iterator[bytes]:
    """The messages that come, until the other end is gone or one is too long.

    Args:
        connection: a timeout of it does not end the messages.
        limit: most bytes of a message, and of one read.
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
        *messages, waiting = (waiting + received).split(b"\n")
        yield from messages
