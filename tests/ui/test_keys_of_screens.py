"""A key is added by its entry in the list of keys and a method of the screen: every entry has its method."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.screen import Screen

from voicetrail.keys import ACTIONS, Action
from voicetrail.ui.base.menu_screen import BACK_KEYS, MenuScreen
from voicetrail.ui.base.spoken_screen import DIRECTION_KEYS, SpokenScreen
from voicetrail.ui.screens import replay, title
from voicetrail.ui.screens.round import RoundScreen


@pytest.mark.parametrize(
    ("screen", "actions"),
    [
        (RoundScreen, ACTIONS),
        (SpokenScreen, DIRECTION_KEYS),
        (MenuScreen, BACK_KEYS),
        (title.TitleScreen, title.KEYS),
        (replay.ReplayScreen, replay.ACTIONS),
    ],
)
def test_every_key_has_what_it_runs(screen: type[Screen[None]], actions: Sequence[Action]) -> None:
    lacking = [action.name for action in actions if not hasattr(screen, f"action_{action.runs.partition('(')[0]}")]
    assert not lacking
