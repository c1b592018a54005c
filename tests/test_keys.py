from __future__ import annotations

from voicetrail.keys import ACTIONS, by_group, markdown_table, rebind


def test_no_key_does_two_things() -> None:
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
    assert keys["quit"] == ()
    assert keys["help"] == ("?", "f1")
    assert keys["record"] == ("r",)
    assert problems == [
        "keys: there is no action 'fly'",
        "keys: help needs a key or a list of keys",
        "keys: 5 selects a word and cannot be record",
        "keys: z is asked for by clear and quit; clear has it",
    ]


def test_a_key_taken_from_an_action_is_told() -> None:
    actions, problems = rebind({"undo": "c"})
    assert {action.name: action.keys for action in actions}["clear"] == ()
    assert problems == ["keys: c is now undo; clear has no key left"]
