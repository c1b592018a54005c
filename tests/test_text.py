from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from voicetrail.text import UNSAFE, printable


def test_what_a_terminal_would_act_on_is_replaced() -> None:
    assert printable("\x1b[31mred\x07 \u202etxt.\u200b\x9b2J") == "�[31mred� �txt.��2J"


def test_line_ends_and_tabs_become_spaces() -> None:
    assert printable("one\r\ntwo\tthree\u2028four") == "one  two three�four"


def test_ordinary_text_stays_as_it_is() -> None:
    assert printable("Mikrofon „Äther“ 東京 🎤 [bold]") == "Mikrofon „Äther“ 東京 🎤 [bold]"


def test_long_text_is_cut_with_a_sign() -> None:
    assert printable("a" * 200) == "a" * 200
    assert printable("a" * 201) == "a" * 199 + "…"
    assert printable("abcdef", 4) == "abc…"


def test_any_object_is_shown() -> None:
    assert printable(ValueError("no\x00pe")) == "no�pe"


@given(st.text(st.characters(), max_size=80), st.integers(1, 60))
def test_no_text_does_harm(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(character) for character in shown} & UNSAFE
    assert printable(shown, limit) == shown
