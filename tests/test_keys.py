from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.key_names import LATIN, LAYOUTS, KeyNameError, letters_on_key, parse_key
from voicetrail.keys import ACTIONS, by_group, markdown_table, rebind


def test_no_key_has_two_actions() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("123456789")


def test_every_action_is_in_the_help_and_the_readme_table() -> None:
    assert sum(map(len, by_group().values())) == len(ACTIONS)
    table = markdown_table()
    assert all(action.help in table for action in ACTIONS)


def test_keys_can_be_rebound() -> None:
    actions, problems = rebind({"undo": "z", "clear": ["x", ","]})
    keys = {action.name: action.keys for action in actions}
    assert keys["undo"] == ("z",)
    assert keys["clear"] == ("x", "comma")
    assert problems == []


def test_conflicts_are_reported() -> None:
    actions, problems = rebind({"undo": "c", "clear": "z", "quit": "z", "fly": "f", "help": 3, "record": ["r", "5"]})
    keys = {action.name: action.keys for action in actions}
    assert keys["undo"] == ("c",)
    assert keys["clear"] == ("z",)
    assert keys["quit"] == ("ctrl+q",)
    assert keys["help"] == ("?", "f1")
    assert keys["record"] == ("r",)
    assert problems == [
        "keys: there is no action 'fly'",
        "keys: help needs a key or a list of keys",
        "keys: 5 selects a word and cannot be used for record",
        "keys: z is requested by clear and quit; clear gets it",
        "keys: one key must quit the game; quit keeps ctrl-q",
    ]


def test_a_key_taken_from_an_action_is_reported() -> None:
    actions, problems = rebind({"undo": "c"})
    assert {action.name: action.keys for action in actions}["clear"] == ()
    assert problems == ["keys: c now belongs to undo; clear has no key left"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("z", "z"),
        ("Z", "Z"),
        (" ", "space"),
        (",", "comma"),
        ("-", "-"),
        ("+", "+"),
        ("^", "^"),
        ("ж", "ж"),
        ("Ctrl-Z", "ctrl+z"),
        ("ctrl+z", "ctrl+z"),
        ("^z", "ctrl+z"),
        ("C-z", "ctrl+z"),
        ("CONTROL + Z", "ctrl+z"),
        ("alt-x", "alt+x"),
        ("M-x", "alt+x"),
        ("RETURN", "enter"),
        ("Esc", "escape"),
        ("Page Up", "pageup"),
        ("page_down", "pagedown"),
        ("PgDn", "pagedown"),
        ("left arrow", "left"),
        ("ArrowLeft", "left"),
        ("Del", "delete"),
        ("F5", "f5"),
        ("shift-tab", "shift+tab"),
        ("backtab", "shift+tab"),
        ("shift+a", "A"),
        ("Ctrl+Shift+Up", "ctrl+shift+up"),
        ("plus", "+"),
    ],
)
def test_keys_can_be_written_as_in_other_programs(text: str, key: str) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ctrl+-", "no terminal sends ctrl+-"),
        ("ctrl+i", "a terminal cannot tell ctrl+i from tab; write tab"),
        ("^M", "from enter; write enter"),
        ("nonsense", "no keyboard sends 'nonsense'"),
        ("entr", "did you mean enter?"),
        ("escpe", "did you mean escape?"),
        ("ctrl+5", "the letters a to z"),
        ("shift+5", "write the character that shift gives there"),
        ("hyper+x", "write modifiers as in ctrl+z"),
        ("", "no keyboard sends ''"),
        ("\x1b", "is not a key; write a visible character"),
        ("f99", "did you mean f"),
    ],
)
def test_unknown_key_is_refused_with_the_right_spelling(text: str, says: str) -> None:
    with pytest.raises(KeyNameError) as error:
        parse_key(text)
    assert says in str(error.value)


@given(st.text(max_size=12))
def test_arbitrary_text_is_a_key_or_refused_in_one_line(text: str) -> None:
    try:
        shown = key = parse_key(text)
    except KeyNameError as error:
        shown, key = str(error), "space"
    assert shown.isprintable()
    assert parse_key(key) == key


def test_invalid_key_leaves_the_default_key() -> None:
    actions, problems = rebind(
        {"quit": ["nonsense"], "undo": ["Ctrl-Z", "ctrl+i"], "record": "Ctrl+Q", "mode": "G", "clera": "x"}
    )
    keys = {action.name: action.keys for action in actions}
    assert keys["quit"] == ("q", "ctrl+q")
    assert keys["undo"] == ("ctrl+z",)
    assert keys["record"] == ("r",)
    assert keys["movement"] == ("G",)
    assert len(problems) == 4
    assert "keys: record: " not in problems[2]
    assert problems[3] == "keys: there is no action 'clera'; did you mean clear?"


@pytest.mark.parametrize("given", [[], "", ["1"], ["ctrl+m"], ["nonsense", "2"]])
def test_quit_always_has_a_key(given: object) -> None:
    actions, _ = rebind({"quit": given, "undo": "q"})
    assert "ctrl+q" in next(action.keys for action in actions if action.name == "quit")


def test_keys_work_on_non_latin_keyboards() -> None:
    assert {len(layout) for layout in LAYOUTS} == {len(LATIN)}
    assert "й" in letters_on_key("q")
    assert "Й" in letters_on_key("Q")
    assert letters_on_key("[") == ("х",)
    assert letters_on_key("{") == ("Х",)
    assert letters_on_key("comma")[0] == "б"
    assert letters_on_key("1") == letters_on_key("ctrl+q") == letters_on_key("up") == ()
    actions, problems = rebind({"marker": "й"})
    keys = {action.name: action.all_keys for action in actions}
    assert not problems
    assert "й" in keys["marker"]
    assert "й" not in keys["quit"]
    assert "г" in keys["undo"]
    every = [key for action in actions for key in action.all_keys]
    assert len(every) == len(set(every))
