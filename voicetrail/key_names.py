"""Parses names of keys: understands the spellings of other programs, and refuses keys that no terminal sends.

The results are Textual's names: a character, or ``up``, ``enter``, ``f1``, ``ctrl+z``, ``shift+tab``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from voicetrail.text import printable

NAMED = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace"),
    *("enter", "escape", "space", "tab", "comma"),
    *(f"f{number}" for number in range(1, 25)),
)
"""Keys that are not characters."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "esc": "escape",
        "return": "enter",
        "ret": "enter",
        "cr": "enter",
        "spacebar": "space",
        "bs": "backspace",
        "del": "delete",
        "ins": "insert",
        "pgup": "pageup",
        "prior": "pageup",
        "pgdn": "pagedown",
        "pgdown": "pagedown",
        "next": "pagedown",
        "backtab": "shift+tab",
        "plus": "+",
        "minus": "-",
        "hyphen": "-",
        "dash": "-",
        "dot": ".",
        "period": ".",
        "slash": "/",
        "backslash": "\\",
        "equal": "=",
        "equals": "=",
        "question": "?",
        "colon": ":",
        "semicolon": ";",
        "quote": "'",
        "underscore": "_",
        "bracketleft": "[",
        "bracketright": "]",
    }
)
MODIFIERS: Mapping[str, str] = MappingProxyType(
    {
        **{"ctrl": "ctrl", "control": "ctrl", "ctl": "ctrl", "c": "ctrl", "strg": "ctrl"},
        **{"alt": "alt", "meta": "alt", "option": "alt", "m": "alt", "a": "alt"},
        **{"shift": "shift", "s": "shift"},
    }
)
SAME_AS: Mapping[str, str] = MappingProxyType({"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "escape"})
"""Keys that a terminal cannot distinguish from others."""
LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,./"
SHIFTED: Mapping[str, str] = MappingProxyType(dict(zip('{}:"<>', "[];',.", strict=True)))
"""Characters that shift produces on keys of ``LATIN`` that are not letters."""
LAYOUTS = (
    "йцукенгшщзхъфывапролджэячсмитьбю.",  # Russian
    "йцукенгшщзхїфівапролджєячсмитьбю.",  # Ukrainian
    ";ςερτυθιοπ[]ασδφγηξκλ΄'ζχψωβνμ,./",  # Greek
    "/'קראטוןםפ][שדגכעיחלךף,זסבהנמצתץ.",  # Hebrew
)
"""Characters of the keys of ``LATIN`` on keyboards with other alphabets."""


class KeyNameError(ValueError):
    """A text is not a key; the message says how to write it."""


def parse_key(text: str) -> str:
    """Parse the name of a key: ``z``, ``Ctrl-Z``, ``^Z``, ``RETURN``, ``Page Up``.

    Raises:
        KeyNameError: no keyboard sends it; the message suggests a similar spelling if there is one.
    """
    if len(text) == 1:
        return _character(text)
    name = text.strip()
    if len(name) == 1:
        return _character(name)
    caret = re.fullmatch(r"\^(.)", name)
    if caret is not None:
        name = f"ctrl+{caret[1]}"
    *before, last = [part.strip() for part in re.split(r"[+-](?=.)", name)]
    modifiers = {MODIFIERS.get(part.lower(), "") for part in before}
    if "" in modifiers:
        raise KeyNameError(f"{printable(text, 40)!r} is not a key; write modifiers as in ctrl+z, alt+z or shift+tab")
    key = last if len(last) == 1 else _named(last, text)
    if "+" in key and len(key) > 1:  # an alias that has a modifier of its own
        own, _, key = key.rpartition("+")
        modifiers.add(own)
    if len(key) == 1:
        key = _with_modifiers(key, modifiers, text)
    found = "+".join([*sorted(modifiers), key])
    if found in SAME_AS:
        raise KeyNameError(f"a terminal cannot tell {printable(text, 40)} from {SAME_AS[found]}; write {SAME_AS[found]}")
    return found


def letters_on_key(key: str) -> tuple[str, ...]:
    """The letters that the key of a Latin character gives on keyboards of other alphabets, in the same case."""
    plain = SHIFTED.get(key, "," if key == "comma" else key.lower())
    if len(plain) != 1 or plain not in LATIN:
        return ()
    place = LATIN.index(plain)
    letters = dict.fromkeys(layout[place] for layout in LAYOUTS if layout[place].isalpha())
    if key in SHIFTED or key.isupper():
        return tuple(letter.upper() for letter in letters if letter.upper() != letter)
    return tuple(letters)


def _character(text: str) -> str:
    if text == " ":
        return "space"
    if text == ",":
        return "comma"
    if not text.isprintable():
        raise KeyNameError(f"{printable(text)!r} is not a key; write a visible character, or a name such as enter, space or f1")
    return text


def _named(name: str, text: str) -> str:
    plain = re.sub(r"[\s_]|arrow|key$", "", name.lower())
    if plain in NAMED:
        return plain
    if plain in ALIASES:
        return ALIASES[plain]
    near = get_close_matches(plain, (*NAMED, *ALIASES), 1)
    hint = (
        f"did you mean {ALIASES.get(near[0], near[0])}?" if near else "write a character, or a name as enter, space, f1, ctrl+z"
    )
    raise KeyNameError(f"no keyboard sends {printable(text, 40)!r}; {hint}")


def _with_modifiers(key: str, modifiers: set[str], text: str) -> str:
    """A character under modifiers; shift is a part of a character and drops out of ``modifiers``."""
    if modifiers == {"shift"} and key.isalpha():
        modifiers.clear()
        return key.upper()
    if modifiers == {"shift"}:
        raise KeyNameError(f"{printable(text, 40)}: write the character that shift gives there")
    if "ctrl" in modifiers:
        key = key.lower()
        if not (key.isascii() and (key.isalpha() or key in "@[\\]^_")):
            raise KeyNameError(f"no terminal sends {printable(text, 40)}; with ctrl there are the letters a to z")
    return {" ": "space", ",": "comma"}.get(key, key)
