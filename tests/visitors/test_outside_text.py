"""What comes from a visitor is checked before it reaches a terminal, a log or the environment."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.errors import VoicetrailError
from voicetrail.visitors.event_log import LINES_IN_HAND, EventLog
from voicetrail.visitors.terminal import COLUMNS, NAME_LENGTH, ROWS, TerminalSize, checked_colorterm, checked_name, checked_term


@given(st.text())
def test_a_name_holds_nothing_that_a_terminal_acts_on(name: str) -> None:
    shown = checked_name(name)
    assert shown.isprintable()
    assert 1 <= len(shown) <= NAME_LENGTH
    assert checked_name(shown) == shown


def test_names() -> None:
    assert checked_name("Ada Lovelace") == "Ada Lovelace"
    assert checked_name("Zoë ✨") == "Zoë"
    assert checked_name("\x1b[31mred\x1b]0;title\x07") == "31mred0title"
    assert checked_name("ａｄａ") == "ada"
    assert checked_name("../../etc/passwd") == "....etcpasswd"
    assert checked_name("\u202eoof") == "oof"
    assert checked_name("") == checked_name("...") == checked_name("\x00") == "guest"


def test_terminals() -> None:
    assert checked_term("xterm-kitty") == "xterm-kitty"
    assert checked_term("screen.xterm-256color") == "screen.xterm-256color"
    for wrong in ("", "../../tmp/x", "a b", "x" * 41, "\x1b[c", None, b"xterm", "-x"):
        assert checked_term(wrong) == "xterm-256color"
    assert (checked_colorterm("truecolor"), checked_colorterm("x\n")) == ("truecolor", "")


@given(st.one_of(st.integers(), st.none(), st.text(), st.floats()), st.integers())
def test_a_window_has_a_size_that_can_be_drawn(columns: object, rows: int) -> None:
    size = TerminalSize(columns, rows)  # type: ignore[arg-type]
    assert COLUMNS[0] <= size.columns <= COLUMNS[1]
    assert ROWS[0] <= size.rows <= ROWS[1]


def test_an_event_is_one_line_with_nothing_in_it_that_a_terminal_acts_on() -> None:
    stream = io.StringIO()
    log = EventLog(stream=stream, now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    log.write(
        "connected", visitor=3, address="192.0.2.1", name='a "b"\n2026 forged=1\x1b[2J', key=None, whole=True, seconds=1.23456
    )
    assert stream.getvalue() == (
        '2026-01-02T03:04:05Z connected visitor=3 address=192.0.2.1 name="a \\"b\\" 2026 forged=1\ufffd[2J" whole=yes seconds=1.2\n'
    )


def test_a_flood_of_events_is_counted_and_not_written() -> None:
    stream, now = io.StringIO(), [0.0]
    log = EventLog(stream=stream, clock=lambda: now[0])
    for _ in range(10 * LINES_IN_HAND):
        log.write("refused", address="192.0.2.1")
    assert len(stream.getvalue().splitlines()) == LINES_IN_HAND
    now[0] += 10
    log.write("refused", address="192.0.2.1")
    assert stream.getvalue().splitlines()[-1].endswith(f"left_out={9 * LINES_IN_HAND}")


def test_a_log_file_is_private_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log" / "events"
    for name in ("one", "two"):
        log = EventLog(path)
        log.write(name)
        log.close()
    assert [line.split()[1] for line in path.read_text().splitlines()] == ["one", "two"]
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(VoicetrailError, match="cannot write the log"):
        EventLog(tmp_path / "link")
