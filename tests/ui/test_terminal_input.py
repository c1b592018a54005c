"""What a terminal sends: keys, mouse and focus come through, everything else is swallowed whole."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from voicetrail.ui.terminal_input import LONGEST_PASTE, PASTE_BEGINS, PASTE_ENDS, UNFINISHED_S, TerminalInput

KEPT = (
    "a",
    "ü",
    "\r",
    "\x1b[A",
    "\x1b[1;5A",
    "\x1b[3~",
    "\x1b[15;2~",
    "\x1bOP",
    "\x1bx",
    "\x1b[Z",
    "\x1b[97u",
    "\x1b[97;5u",
    "\x1b[<0;10;5M",
    "\x1b[<35;10;-5m",
    "\x1b[I",
    "\x1b[O",
    "\x1b[?2026;2$y",
    "\x1b[48;30;100;600;1000t",
)
SWALLOWED = (
    "\x1b[?62;22c",
    "\x1b[>0;276;0c",
    "\x1b[0n",
    "\x1b[12;40R",
    "\x1b[8;30;100t",
    "\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]11;rgb:0000/0000/0000\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[?1u",
    "\x1b[97;1:3u",
    "\x1b[99999999;1u",
    "\x1b[:u",
)


@pytest.mark.parametrize("sequence", KEPT)
def test_keyboard_and_mouse_input_passes(sequence: str) -> None:
    assert TerminalInput().feed(sequence, 0.0) == sequence


@pytest.mark.parametrize("sequence", SWALLOWED)
def test_answers_to_other_programs_are_dropped_completely(sequence: str) -> None:
    assert TerminalInput().feed(f"q{sequence}r", 0.0) == "qr"


@pytest.mark.parametrize("sequence", [*KEPT, *SWALLOWED])
def test_the_input_may_arrive_in_any_pieces(sequence: str) -> None:
    whole = TerminalInput().feed(sequence, 0.0)
    for cut in range(1, len(sequence)):
        seen = TerminalInput()
        assert seen.feed(sequence[:cut], 0.0) + seen.feed(sequence[cut:], 0.01) == whole


def test_the_event_type_of_a_press_is_removed() -> None:
    assert TerminalInput().feed("\x1b[97;5:1u", 0.0) == "\x1b[97;5u"
    assert TerminalInput().feed("\x1b[1;1:2A", 0.0) == "\x1b[1;1A"


def test_the_codes_of_a_key_on_other_layouts_are_removed() -> None:
    assert TerminalInput().feed("\x1b[1092:1060:97;2u", 0.0) == "\x1b[1092;2u"


def test_the_escape_key_is_passed_at_the_next_tick() -> None:
    seen = TerminalInput()
    assert seen.feed("\x1b", 0.0) == ""
    assert seen.tick(0.1) == "\x1b"
    assert seen.tick(0.2) == ""


def test_a_paste_passes_in_one_piece_and_an_unfinished_one_does_not_block_keys() -> None:
    seen = TerminalInput()
    assert seen.feed(f"{PASTE_BEGINS}ab", 0.0) == ""
    assert seen.feed(f"c{PASTE_ENDS}d", 0.1) == f"{PASTE_BEGINS}abc{PASTE_ENDS}d"
    assert seen.feed(f"{PASTE_BEGINS}no end", 1.0) == ""
    assert seen.tick(1.0 + UNFINISHED_S) == ""
    assert seen.feed("q", 3.0) == "q"


def test_a_huge_paste_is_cut() -> None:
    seen = TerminalInput()
    for _ in range(30):
        assert seen.feed((PASTE_BEGINS if not _ else "") + "x" * 4096, 0.0) == ""
    out = seen.feed(f"{PASTE_ENDS}q", 0.1)
    assert out.endswith(f"{PASTE_ENDS}q")
    assert len(out) < LONGEST_PASTE + 40


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("\x1b[]?;:0123456789cuPRM<~\x07\\abq\x1f"), max_size=60), st.integers(0, 59))
def test_no_input_is_an_error_and_a_key_after_it_passes(text: str, cut: int) -> None:
    seen, parser = TerminalInput(), XTermParser(False)
    out = seen.feed(text[:cut], 0.0) + seen.feed(text[cut:], 0.1) + seen.tick(1.0) + seen.tick(2.0)
    for _ in parser.feed(out) if out else ():
        pass
    time.sleep(0.11 if "\x1b" in out else 0.0)  # as long as the parser waits for what may follow an escape
    for _ in parser.tick():
        pass
    heard = [event for event in parser.feed(seen.feed("q", 9.0)) if isinstance(event, events.Key)]
    assert heard
