"""What was opened by voice can be left by voice: the dialogs of the title."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.ui.stage import make_context, make_settings
from tests.ui.waiting import until
from voicetrail.events import WordHeard
from voicetrail.game import RoundSetup
from voicetrail.play.rounds import sketch_setup
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.messages import RoundRequested, UpdatesArrived
from voicetrail.ui.screens.help import HelpScreen
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.screens.settings import SettingsList
from voicetrail.ui.screens.title import TitleScreen


class Clock:
    """A clock that a test moves on, so that no word comes too soon."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def say(app: VoicetrailApp, word: str) -> None:
    clock = app.context.clock
    assert isinstance(clock, Clock)
    clock.now += 1.0
    app.post_message(UpdatesArrived((WordHeard(640, word, 0.9),)))


def make_app(folder: Path) -> VoicetrailApp:
    context = make_context(make_settings(folder, reduced_motion=True))
    context.clock = Clock()
    return VoicetrailApp(context)


@pytest.mark.parametrize("row", ["replays", "calibrate", "settings"])
async def test_a_dialog_that_was_opened_by_voice_is_left_by_voice(
    row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        title = app.screen
        assert isinstance(title, TitleScreen)
        await pilot.pause()
        title.menu.choose(row)
        say(app, "right")
        await until(pilot, lambda: isinstance(app.screen, SpokenDialog))
        assert not app.context.words_held
        say(app, "left")
        await until(pilot, lambda: app.screen is title)


async def test_words_move_the_mark_of_the_settings(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SpokenDialog))
        rows = app.screen.query_one(SettingsList)
        say(app, "down")
        await until(pilot, lambda: rows.cursor == 1)


async def test_a_word_that_was_said_before_the_dialog_opened_does_nothing(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SpokenDialog))
        app.post_message(UpdatesArrived((WordHeard(640, "left", 0.9),)))
        await pilot.pause()
        assert isinstance(app.screen, SpokenDialog)


async def test_over_a_round_words_press_no_keys(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.post_message(RoundRequested(sketch_setup(app.context.settings)))
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("k")
        await until(pilot, lambda: isinstance(app.screen, SpokenDialog))
        assert app.context.held_by_dialog
        say(app, "left")
        await pilot.pause()
        assert isinstance(app.screen, SpokenDialog)
        await pilot.press("escape")
        await until(pilot, lambda: not app.context.held_by_dialog)


async def test_the_help_of_a_round_says_what_its_mode_is_about(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.post_message(RoundRequested(RoundSetup("maze", "small", 3)))
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "next junction" in str(app.screen.query(Static).first().content)
