from __future__ import annotations

from collections.abc import Mapping

import pytest

from voicetrail.checkup.finding import Finding
from voicetrail.checkup.terminal import check_terminal

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_GB.UTF-8"}


def findings(env: Mapping[str, str], size: tuple[int, int] | None = (100, 30), encoding: str = "utf-8") -> list[Finding]:
    return list(check_terminal(env, is_terminal=True, size=size, encoding=encoding))


def test_a_good_terminal_has_nothing_to_mend() -> None:
    assert {each.verdict for each in findings(GOOD)} == {"ok"}
    assert "true color" in [each.text for each in findings(GOOD)]


@pytest.mark.parametrize("kind", ["", "dumb", "unknown"])
def test_a_terminal_that_cannot_place_characters_fails(kind: str) -> None:
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
    ],
)
def test_colors(env: dict[str, str], text: str) -> None:
    assert any(each.text.startswith(text) for each in findings(env))


@pytest.mark.parametrize(("locale", "encoding"), [("C", "utf-8"), ("en_GB.UTF-8", "ascii"), ("", "latin-1")])
def test_a_locale_without_unicode_is_told(locale: str, encoding: str) -> None:
    warned = [
        each for each in findings({"TERM": "xterm-256color", "LANG": locale}, encoding=encoding) if each.verdict == "warn"
    ]
    assert any("ASCII" in each.text for each in warned)


def test_an_ssh_session_is_pointed_to_the_other_command() -> None:
    advice = [each.advice for each in findings({**GOOD, "SSH_CONNECTION": "::1 1 ::1 2"})]
    assert any("voicetrail ssh" in each for each in advice)


def test_what_runs_elsewhere_is_told_so() -> None:
    assert next(check_terminal(GOOD, is_terminal=False, size=None, encoding="utf-8")).verdict == "warn"


def test_names_from_outside_are_shown_harmless() -> None:
    assert all("\x1b" not in each.text for each in findings({"TERM": "\x1b[2J", "LANG": "\x1b[2J"}))
