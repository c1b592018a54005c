from __future__ import annotations

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail import output
from voicetrail.text import UNSAFE

ROOT = Path(__file__).parents[1]


@given(st.text(st.characters(), max_size=80))
def test_control_characters_are_never_written(text: str) -> None:
    shown = output.safe(text)
    assert not {unicodedata.category(character) for character in shown.replace("\n", "")} & UNSAFE
    assert shown.count("\n") == text.count("\n")


@given(st.text(st.characters(), max_size=80))
def test_json_is_written_as_ascii(text: str) -> None:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out:
        output.write_json({"word": text})
    line = out.getvalue()
    assert json.loads(line) == {"word": text}
    assert all(" " <= character < "\x7f" for character in line.removesuffix("\n"))


def run(*arguments: str, env: dict[str, str] | None = None, out: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "voicetrail", *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=out,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("settings",), ("settings", "--json"), ("replays", "--help")]
)
def test_full_disk_gives_one_line_and_exit_code_1(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = run(*arguments, out=full.fileno())
    assert (done.returncode, done.stderr) == (1, b"voicetrail: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("encoding", ["latin-1", "euc-jp", "ascii"])
@pytest.mark.parametrize(
    "arguments", [("--help",), ("settings",), ("play", "--help"), ("settings", "--color-of-the-sky\u2026")]
)
def test_a_locale_that_is_not_utf8_gets_replacements(encoding: str, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == (2 if len(arguments[-1]) > 10 else 0)
    assert b"Traceback" not in done.stderr
    (done.stdout + done.stderr).decode(encoding)
    if encoding == "ascii" and arguments == ("settings",):
        assert b"tcp://..." in done.stdout


@given(st.text(st.characters(exclude_categories=["Cc", "Zl", "Zp", "Zs"]) | st.just(" "), max_size=300), st.integers(1, 120))
def test_long_lines_wrap_between_words(text: str, columns: int) -> None:
    lines = output._fitted(text, columns).split("\n")
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= columns or " " not in line.strip() for line in lines)
    assert len(text) > columns or lines == [text]


def test_errors_wrap_only_in_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    error = "voicetrail: there is no input named USB; connect it, or choose another one with voicetrail play --device"
    ours, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        output.write_error(error)
        assert [line.split() for line in os.read(ours, 1000).decode().splitlines()] == [error[:56].split(), error[56:].split()]
    os.close(ours)
    with open(tmp_path / "log", "w+") as file:
        monkeypatch.setattr("sys.stderr", file)
        output.write_error(error)
    assert (tmp_path / "log").read_text() == error + "\n"


def test_a_message_on_the_standard_output_wraps_in_a_terminal_if_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "the drawing is saved; to continue it, run: voicetrail play sketch last-drawing"
    ours, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        output.write_line(message, wrap=True, flush=True)
        assert [len(line) <= 60 for line in os.read(ours, 1000).decode().splitlines()] == [True, True]
        output.write_line(message, flush=True)
        assert len(os.read(ours, 1000).decode().splitlines()) == 1, "a table must keep its lines"
    os.close(ours)


def test_an_empty_no_color_leaves_the_colors_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, left in (("", None), ("1", "1")):
        monkeypatch.setenv("NO_COLOR", value)
        output.prepare()
        assert os.environ.get("NO_COLOR") == left


@pytest.mark.parametrize(
    "arguments",
    [
        ("settings", "--\x1b[2Jflag"),
        ("settings", "set", "step\x1b[31m", "3"),
        ("settings", "set", "step", "\u202e3"),
        ("settings", "reset", "\x9b2J"),
        ("settings", "save", "\x1b]0;title\x07"),
        ("export", "a", "b.\x1bc"),
        ("listen", "no\x1b[31m.wav"),
        ("classify", "no\x1b[31m.wav", "--weights", "\x1b[31m"),
        ("replay", "\udc9b.trail"),
        ("\x1b[2J",),
        ("play", "a\x1bb", "\x9b"),
    ],
)
def test_control_characters_in_arguments_are_replaced(
    arguments: tuple[str, ...], capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voicetrail.cli import main

    monkeypatch.setenv("VOICETRAIL_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("VOICETRAIL_STATE_DIR", str(tmp_path))
    assert main(arguments) in (1, 2)
    text = "".join(capfd.readouterr())
    assert text
    assert "Traceback" not in text
    assert not {unicodedata.category(character) for character in text.replace("\n", "")} & UNSAFE


def test_a_command_whose_output_was_closed_still_runs() -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m voicetrail settings path >&- 2>&-'], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == 0
