"""A mode is added by its rules and its entry in the list, as docs/architecture.md says: commands, title and help follow."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from tests.ui.stage import make_context, make_settings, round_screen
from voicetrail.game import MODES, ModeName
from voicetrail.game.mode_list import Mode
from voicetrail.game.modes.echo import Echo
from voicetrail.play.rounds.setups import requested_setup
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.screens.title import TitleScreen

NAME = cast(ModeName, "walk")


class Walk(Echo):
    mode_name = NAME


async def test_a_mode_can_be_played_when_it_has_rules_and_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("voicetrail.game.modes.walk")
    monkeypatch.setattr(module, "Walk", Walk, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(MODES, NAME, Mode("Walk", "go for a walk", "Say where to go.", frozenset({"seed"})))
    assert requested_setup("walk", seed=3).seed == 3
    app = VoicetrailApp(make_context(make_settings(tmp_path)))
    async with app.run_test(size=(100, 30)) as pilot:
        title = app.screen
        assert isinstance(title, TitleScreen)
        await pilot.pause()
        title.menu.choose(NAME)
        await pilot.press("right")
        await pilot.pause()
        screen = round_screen(app)
        assert isinstance(screen.round.rules, Walk)
        assert screen.help_text().startswith("Say where to go.")
        assert not {"undo", "clear"} & {action.name for action in screen.actions}
