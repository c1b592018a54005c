"""Lines between processes of this program."""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st

from voicetrail.link.messages import messages_of


@given(st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.binary(max_size=20))
def test_what_is_sent_as_lines_comes_as_lines_and_what_was_cut_off_does_not_come(lines: list[bytes], rest: bytes) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"".join(line + b"\n" for line in lines) + rest.replace(b"\n", b""))
        one.shutdown(socket.SHUT_WR)
        assert list(messages_of(other, 64)) == lines


def test_a_line_that_is_too_long_ends_the_lines_and_a_timeout_does_not() -> None:
    one, other = socket.socketpair()
    with one, other:
        other.settimeout(0.01)
        one.sendall(b"a\n")
        lines = messages_of(other, 64)
        assert next(lines) == b"a"
        one.sendall(b"x" * 200)
        assert list(lines) == []
