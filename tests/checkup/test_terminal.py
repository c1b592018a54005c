from __future__ import annotations

from collections.abc import Mapping

import pytest

from voicetrail.checkup.finding import Finding
from voicetrail.checkup.terminal import check_terminal

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_GB.UTF-8"}


def findings(env: Mapping[str, str], size: tuple[int, int] | None = (100, 30), encoding: str = "utf-8") -> list[Finding]:
    return list(check_terminal(env, is_terminal=True, size=size, encoding=encoding))


def test_good_terminal_has_only_ok_findings() -> None:
    assert {each.verdict for each in findings(GOOD)} == {"ok"}
    assert "true color" in [each.text for each in findings(GOOD)]


@pytest.mark.parametrize("kind", ["", "dumb", "unknown"])
def test_terminal_without_cursor_positioning_fails(kind: str) -> None:
    failures = [each for each in findings({**GOOD, "TERM": kind}) if each.verdict == "fail"]
    assert len(failures) == 1
    assert "listen" in failures[0].advice


@pytest.mark.parametrize(("size", "fails"), [((59, 30), True), ((100, 19), True), ((60, 20), False), ((80, 24), False)])
def test_the_window_must_be_large_enough(size: tuple[int, int], fails: bool) -> None:
    assert ("fail" in {each.verdict for each in findings(GOOD, size)}) == fails


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"TERM": "xterm-256color"}, "256 colors"),
        ({"TERM": "xterm"}, "16 colors"),
        ({"TERM": "xterm-direct"}, "true color"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "no colors"),
        ({"TERM": "xterm", "NO_COLOR": ""}, "16 colors"),
    ],
)
def test_colors(env: dict[str, str], text: str) -> None:
    assert any(each.text.startswith(text) for each in findings(env))


@pytest.mark.parametrize(("locale", "encoding"), [("C", "utf-8"), ("en_GB.UTF-8", "ascii"), ("", "latin-1")])
def test_a_locale_without_unicode_is_reported(locale: str, encoding: str) -> None:
    warned = [
        each for each in findings({"TERM": "xterm-256color", "LANG": locale}, encoding=encoding) if each.verdict == "warn"
    ]
    assert any("ASCII" in each.text for each in warned)


def test_ssh_session_is_advised_to_use_voicetrail_ssh() -> None:
    advice = [each.advice for each in findings({**GOOD, "SSH_CONNECTION": "::1 1 ::1 2"})]
    assert any("voicetrail ssh" in each for each in advice)


def test_command_outside_a_terminal_warns() -> None:
    assert next(check_terminal(GOOD, is_terminal=False, size=None, encoding="utf-8")).verdict == "warn"


def test_control_characters_of_the_environment_are_replaced() -> None:
    assert all("\x1b" not in each.text for each in findings({"TERM": "\x1b[2J", "LANG": "\x1b[2J"}))


@pytest.mark.parametrize(
    ("widths", "verdict", "text"),
    [
        ({"●": 1, "─": 1}, "ok", "every character is drawn one cell wide"),
        ({"●": 2, "─": 1}, "warn", "1 of the game's characters are drawn two cells wide (●)"),
        ({}, "ok", "the terminal does not report how wide"),
    ],
)
def test_width_of_characters_is_reported(widths: dict[str, int], verdict: str, text: str) -> None:
    found = check_terminal(GOOD, is_terminal=True, size=(100, 30), encoding="utf-8", widths=widths)
    assert any(each.verdict == verdict and text in each.text for each in found)


def test_characters_missing_in_a_console_font_are_named() -> None:
    console = {**GOOD, "TERM": "linux"}
    named = list(check_terminal(console, is_terminal=True, size=(100, 30), encoding="utf-8", lacking=("►", "○")))
    assert any("font: ► ○" in each.text and "ascii on" in each.advice for each in named)
    assert any("may lack" in each.text for each in check_terminal(console, is_terminal=True, size=(100, 30), encoding="utf-8"))
    whole = check_terminal(console, is_terminal=True, size=(100, 30), encoding="utf-8", lacking=())
    assert not any("lack" in each.text or "missing" in each.text for each in whole)
