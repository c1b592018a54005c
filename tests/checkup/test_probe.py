from __future__ import annotations

import os
import pty
import re
import termios
import threading
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from voicetrail.checkup.probe import REPORT, SIGNS, console_lacks, draws_wide, measure_widths, needs_ascii

AMBIGUOUS = "●○─│·…×▲▼░▒▓█"


class Terminal:
    """The other end of a pseudo-terminal: answers where its cursor is, with ambiguous characters so many cells wide."""

    def __init__(self, ambiguous: int, answers: bool = True) -> None:
        self.master, self.slave = pty.openpty()
        self.ambiguous, self.answers = ambiguous, answers
        self.shown = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pending = b""
        while True:
            try:
                pending += os.read(self.master, 4096)
            except OSError:
                return
            self.shown += pending
            *asked, pending = pending.split(b"\x1b[6n")
            for part in asked:
                text = part.decode("utf-8").rpartition("\r")[2]
                width = sum(self.ambiguous if sign in AMBIGUOUS else cell_len(sign) for sign in text)
                if self.answers:
                    os.write(self.master, b"\x1b[5;%dR" % (width + 1))

    def close(self) -> None:
        os.close(self.slave)  # which ends the thread: nothing may read the number once it is another file's
        self._thread.join(5)
        os.close(self.master)


@pytest.fixture(params=[1, 2])
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    made = Terminal(request.param)
    yield made
    made.close()


def test_measured_widths_are_those_of_the_terminal(terminal: Terminal) -> None:
    widths = measure_widths(SIGNS, stdin=terminal.slave, stdout=terminal.slave, timeout_s=5)
    assert set(widths) == set(SIGNS)
    assert widths["●"] == terminal.ambiguous
    assert widths["♦"] == 1


def test_terminal_is_restored_with_an_empty_line(terminal: Terminal) -> None:
    before = termios.tcgetattr(terminal.slave)
    measure_widths("●", stdin=terminal.slave, stdout=terminal.slave, timeout_s=5)
    assert termios.tcgetattr(terminal.slave) == before
    assert terminal.shown.endswith(b"\r\x1b[K")


def test_silent_terminal_is_awaited_only_briefly() -> None:
    silent = Terminal(1, answers=False)
    assert measure_widths("●", stdin=silent.slave, stdout=silent.slave, timeout_s=0.1) == {}
    silent.close()


def test_terminal_is_measured_only_in_likely_locales(terminal: Terminal) -> None:
    assert not draws_wide({"LANG": "en_GB.UTF-8"}, stdin=terminal.slave, stdout=terminal.slave)
    assert terminal.shown == b""
    asked = draws_wide({"LANG": "ja_JP.UTF-8"}, stdin=terminal.slave, stdout=terminal.slave)
    assert asked == (terminal.ambiguous == 2)


def test_pipe_is_not_measured() -> None:
    reader, writer = os.pipe()
    assert not draws_wide({"LANG": "ja_JP.UTF-8"}, stdin=reader, stdout=writer)
    assert not needs_ascii({"LANG": "ja_JP.UTF-8", "TERM": "linux"}, stdin=reader, stdout=writer)
    assert console_lacks(SIGNS, stdout=writer) is None
    os.close(reader)
    os.close(writer)


def test_reports_among_other_input_are_found() -> None:
    assert re.findall(REPORT, b"x\x1b[12;3R\x1b[A\x1b[1;200Ry") == [(b"12", b"3"), (b"1", b"200")]


def test_console_without_the_characters_uses_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    for lacking, expected in ((("►",), True), ((), False), (None, False)):
        monkeypatch.setattr("voicetrail.checkup.probe.console_lacks", lambda *_, found=lacking, **__: found)
        assert needs_ascii({"TERM": "linux", "LANG": "en_GB.UTF-8"}) is expected
        assert not needs_ascii({"TERM": "xterm", "LANG": "en_GB.UTF-8"})
