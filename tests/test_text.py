from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from voicetrail.text import UNSAFE, printable


def test_control_characters_are_replaced() -> None:
    assert printable("\x1b[31mred\x07 \u202etxt.\u200b\x9b2J") == "�[31mred� �txt.��2J"


def test_line_ends_and_tabs_become_spaces() -> None:
    assert printable("one\r\ntwo\tthree\u2028four") == "one  two three�four"


def test_ordinary_text_is_unchanged() -> None:
    assert printable("Mikrofon „Äther“ 東京 🎤 [bold]") == "Mikrofon „Äther“ 東京 🎤 [bold]"


def test_long_text_is_shortened_with_an_ellipsis() -> None:
    assert printable("a" * 200) == "a" * 200
    assert printable("a" * 201) == "a" * 199 + "…"
    assert printable("abcdef", 4) == "abc…"


def test_any_object_can_be_printed() -> None:
    assert printable(ValueError("no\x00pe")) == "no�pe"


@given(st.text(st.characters(), max_size=80), st.integers(1, 60))
def test_arbitrary_text_is_printable(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(character) for character in shown} & UNSAFE
    assert printable(shown, limit) == shown
