"""The list of modes."""

from __future__ import annotations

from typing import get_args

import pytest

import voicetrail.commands.play
from voicetrail.errors import UsageError
from voicetrail.game import MODES, ModeName, RoundSetup, latest_rules_version, make_rules
from voicetrail.play.rounds.setups import requested_setup


def test_the_type_of_a_mode_has_the_names_of_the_list() -> None:
    assert get_args(ModeName) == tuple(MODES)


@pytest.mark.parametrize("name", MODES)
def test_each_mode_has_rules_and_its_words_in_the_help(name: ModeName) -> None:
    rules = make_rules(RoundSetup(name, MODES[name].default_level, seed=1))
    assert rules.mode_name == name
    assert latest_rules_version(name) >= 1
    assert name in (voicetrail.commands.play.__doc__ or "")
    assert MODES[name].help.endswith(".")


@pytest.mark.parametrize("name", MODES)
def test_a_command_may_choose_what_the_mode_lists(name: ModeName) -> None:
    level = requested_setup(name, "easy" if "level" in MODES[name].options else None).level
    assert level == ("easy" if "level" in MODES[name].options else "")
    if "braided" not in MODES[name].options:
        with pytest.raises(UsageError, match=f"{name} does not take --braided"):
            requested_setup(name, braided=True)
