"""What was opened by voice can be left by voice: the dialogs of the title."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.containers import Vertical
from textual.widgets import Static

from tests.clocks import Clock
from tests.ui.stage import make_context, make_settings
from tests.ui.waiting import until
from voicetrail.audio import microphone
from voicetrail.audio.devices import InputDevice
from voicetrail.audio.meters import InputMeters
from voicetrail.events import WordHeard
from voicetrail.game import RoundSetup
from voicetrail.play.rounds.setups import sketch_setup
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.dialogs import open_dialog
from voicetrail.ui.messages import RoundRequested, UpdatesArrived
from voicetrail.ui.screens import microphone as microphone_screen
from voicetrail.ui.screens.help import HelpScreen
from voicetrail.ui.screens.microphone import InputList, MicrophoneScreen
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.screens.settings import SettingsList
from voicetrail.ui.screens.title import TitleScreen


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
async def test_a_dialog_opened_by_voice_is_closed_by_voice(row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


class Silent:
    """An input that gives no sound."""

    def close(self) -> None: ...


@pytest.mark.parametrize("key", ["?", "d"], ids=["help", "microphone"])
async def test_help_and_microphone_are_controlled_and_closed_by_voice(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [InputDevice(0, "one", True, 16_000, 1), InputDevice(1, "two", False, 16_000, 1)]
    monkeypatch.setattr(microphone, "inputs", lambda refresh=False: found)
    monkeypatch.setattr(microphone_screen, "InputMeters", lambda inputs: InputMeters(inputs, lambda *_: Silent()))
    app = make_app(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        title = app.screen
        await pilot.pause()
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not title)
        opened = app.screen
        if isinstance(opened, HelpScreen):
            say(app, "down")
            await until(pilot, lambda: opened.query_one("#help").scroll_offset.y > 0)
            say(app, "up")
            await until(pilot, lambda: opened.query_one("#help").scroll_offset.y == 0)
        else:
            assert isinstance(opened, MicrophoneScreen)
            rows = opened.query_one(InputList)
            await until(pilot, lambda: len(rows.inputs) == 2)
            say(app, "down")
            await until(pilot, lambda: rows.cursor == 1)
            say(app, "right")
            await until(pilot, lambda: app.context.settings.values.device == "one")
        say(app, "left")
        await until(pilot, lambda: app.screen is title)


@pytest.mark.parametrize("row", ["replays", "calibrate", "settings", "microphone"])
async def test_dialogs_have_ascii_frames_in_ascii_mode(row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(microphone, "inputs", lambda refresh=False: [])
    app = VoicetrailApp(make_context(make_settings(tmp_path, reduced_motion=True, ascii=True)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await app.push_screen(open_dialog(row, app.context))
        await pilot.pause()
        frame = next(iter(app.screen.query(Vertical)))
        kind: str = frame.styles.border_top[0]
        assert kind == "ascii"
        app.ascii_only = False
        app.refresh_look()
        await pilot.pause()
        kind = frame.styles.border_top[0]
        assert kind == "round"


async def test_words_move_the_selection_in_the_settings(tmp_path: Path) -> None:
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


async def test_the_help_of_a_round_explains_its_mode(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.post_message(RoundRequested(RoundSetup("maze", "small", 3)))
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "next junction" in str(app.screen.query(Static).first().content)
