from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from voicetrail.errors import TerminalError
from voicetrail.ui.style.look import ascii_locale
from voicetrail.ui.terminal import check_terminal, save_bandwidth


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as screen:
        yield screen
    os.close(master)


def set_size(terminal: TextIO, columns: int, rows: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def test_a_suitable_terminal_is_accepted(terminal: TextIO) -> None:
    set_size(terminal, 60, 20)
    check_terminal(terminal, terminal, {"TERM": "xterm"})


@pytest.mark.parametrize("name", ["dumb", "", "unknown"])
def test_a_dumb_terminal_is_refused_and_listen_is_named(terminal: TextIO, name: str) -> None:
    with pytest.raises(TerminalError, match="voicetrail listen"):
        check_terminal(terminal, terminal, {"TERM": name})


def test_no_terminal_is_refused_and_listen_is_named(terminal: TextIO) -> None:
    with open(os.devnull, "r+") as nothing:
        with pytest.raises(TerminalError, match=r"needs a terminal.*voicetrail listen"):
            check_terminal(terminal, nothing, {"TERM": "xterm"})
        with pytest.raises(TerminalError, match=r"needs the keyboard.*voicetrail listen"):
            check_terminal(nothing, terminal, {"TERM": "xterm"})


@pytest.mark.parametrize("size", [(59, 40), (100, 19)])
def test_a_terminal_too_small_is_refused_with_both_sizes(terminal: TextIO, size: tuple[int, int]) -> None:
    set_size(terminal, *size)
    with pytest.raises(TerminalError, match=f"60×20.*{size[0]}×{size[1]}"):
        check_terminal(terminal, terminal, {"TERM": "xterm"})


def test_fewer_frames_over_ssh_and_by_hand() -> None:
    far, near, by_hand = {"SSH_CONNECTION": "1 2 3 4"}, dict[str, str](), dict[str, str]()
    assert save_bandwidth(False, far)
    assert not save_bandwidth(False, near)
    assert save_bandwidth(True, by_hand)
    assert near == {"TEXTUAL_FPS": "120"}
    assert by_hand == {"TEXTUAL_FPS": "15", "TEXTUAL_ANIMATIONS": "none"}
    assert far["TEXTUAL_FPS"] == "15"


@pytest.mark.parametrize(
    ("env", "plain"),
    [
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, True),
        ({"LANG": "en_US.ISO-8859-1"}, True),
        ({}, True),
    ],
)
def test_a_dumb_locale_means_ascii(env: dict[str, str], plain: bool) -> None:
    assert ascii_locale(env) is plain
