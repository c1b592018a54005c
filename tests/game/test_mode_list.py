"""The list of modes."""

from __future__ import annotations

from typing import get_args

import pytest

import voicetrail.commands.play
from voicetrail.errors import UsageError
from voicetrail.game import MODES, ModeName, RoundSetup, make_rules, newest_rules
from voicetrail.play.rounds.setups import requested_setup


def test_the_type_of_a_mode_has_the_names_of_the_list() -> None:
    assert get_args(ModeName) == tuple(MODES)


@pytest.mark.parametrize("name", MODES)
def test_each_mode_has_rules_and_its_words_in_the_help(name: ModeName) -> None:
    rules = make_rules(RoundSetup(name, MODES[name].default_level, seed=1))
    assert rules.mode_name == name
    assert newest_rules(name) >= 1
    assert name in (voicetrail.commands.play.__doc__ or "")
    assert MODES[name].help.endswith(".")


@pytest.mark.parametrize("name", MODES)
def test_a_command_may_choose_what_the_mode_lists(name: ModeName) -> None:
    level = requested_setup(name, "easy" if "level" in MODES[name].choices else None).level
    assert level == ("easy" if "level" in MODES[name].choices else "")
    if "braided" not in MODES[name].choices:
        with pytest.raises(UsageError, match=f"{name} takes no --braided"):
            requested_setup(name, braided=True)
