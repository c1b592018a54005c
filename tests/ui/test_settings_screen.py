from __future__ import annotations

from pathlib import Path

from textual.command import CommandList
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.stage import make_app, make_settings, round_screen, sketch
from tests.ui.tones import ToneRecognizer
from tests.ui.waiting import until
from voicetrail.settings import SETTINGS, Settings
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.screens.settings import SettingsList, SettingsScreen
from voicetrail.ui.widgets.rows import Rows


class Stage:
    """The settings screen, open over the game."""

    def __init__(self, pilot: Pilot[None], app: VoicetrailApp, settings: Settings) -> None:
        self.pilot, self.app, self.settings = pilot, app, settings

    @property
    def rows(self) -> SettingsList:
        return self.app.screen.query_one(SettingsList)

    @property
    def about(self) -> list[str]:
        return self.app.screen.query_one("#about", Rows).text_rows

    async def go_to(self, name: str) -> None:
        """Move the cursor to a setting."""
        self.rows.action_move(self.rows.names.index(name) - self.rows.cursor)
        await self.pilot.pause()

    def row(self, name: str) -> str:
        """The row of a setting that can be seen."""
        return next(row[2:] for row in self.rows.text_rows if row[2:].startswith(f"{name:<20}"))


async def open_screen(pilot: Pilot[None], settings: Settings) -> Stage:
    app = pilot.app
    assert isinstance(app, VoicetrailApp)
    game = round_screen(app)
    game.context.tuner.loaded(ToneRecognizer.labels, ToneRecognizer.detector)
    await pilot.press("s")
    await pilot.pause()
    assert isinstance(app.screen, SettingsScreen)
    return Stage(pilot, app, settings)


async def test_every_setting_is_there_with_value_range_help_and_origin(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, glide_speed="9")
    settings.set("step", 5)
    async with make_app(settings).run_test(size=(100, 50)) as pilot:
        stage = await open_screen(pilot, settings)
        for name, setting in SETTINGS.items():
            if name == "thresholds":
                continue
            await stage.go_to(name)
            about = " ".join(" ".join(stage.about).split())
            assert about.startswith(f"{setting.help} values: {setting.range_text} from: ")
        assert stage.row("step").split() == ["step", "5", "steps", "key"]
        assert stage.row("glide_speed").split()[1:] == ["9", "steps/s", "flag"]
        assert stage.row("refractory").split() == ["refractory", "0.5", "s", "(shipped)", "default"]
        assert stage.row("thresholds.left").split() == ["thresholds.left", "0.6", "weights"]


async def test_arrows_change_the_value_at_once(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        for name, key, value in [
            ("step", "right", 3),
            ("movement", "right", "glide"),
            ("ascii", "space", True),
            ("refractory", "left", 0.4),
            ("thresholds.left", "right", 0.65),
            ("preset", "right", "quiet room"),
            ("gain", "right", 0.0),
            ("push_to_talk_time", "right", 3.5),
        ]:
            await stage.go_to(name)
            await pilot.press(key)
            assert settings[name] == value, name
        game = round_screen(stage.app)
        assert game is not None
        assert sketch(game).step_length == 3
        assert sketch(game).movement.name == "glide"
        assert stage.app.ascii_only


async def test_a_value_is_typed_in(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        await stage.go_to("refractory")
        await pilot.press("enter", *["backspace"] * 10, "1", ".", "5", "enter")
        assert settings["refractory"] == 1.5
        await stage.go_to("thresholds.up")
        await pilot.press("enter", *["backspace"] * 10, "0", ".", "4", "enter")
        assert settings["thresholds.up"] == 0.4
        await stage.go_to("source")
        await pilot.press("enter", *["backspace"] * 10, *"demo", "escape")
        assert settings["source"] == "mic"
        assert isinstance(stage.app.screen, SettingsScreen)


async def test_an_empty_field_leaves_the_setting_unset(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        settings.set("refractory", 1.5)
        for name in ("weights", "refractory", "thresholds.up"):
            await stage.go_to(name)
            await pilot.press("enter")
            stage.app.screen.query_one(Input).value = " "
            await pilot.press("enter")
            assert settings.origin(name) == "default"
            assert not any(row.startswith("!") for row in stage.about)


async def test_a_value_out_of_range_is_refused_with_the_range(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        for name, typed, says in [
            ("step", "99", "! step cannot be '99': it takes 1 to 20 steps"),
            ("gain", "loud", "! gain cannot be 'loud': it takes -20 to 40 dB, or auto"),
            ("thresholds.up", "7", "! thresholds.up cannot be '7.0': it takes 0.05 to 1"),
            ("preset", "loud", "! no preset 'loud'"),
        ]:
            await stage.go_to(name)
            await pilot.press("enter")
            stage.app.screen.query_one(Input).value = typed
            await pilot.press("enter")
            assert says in " ".join(stage.about)
            assert settings.origin(name) == "default"


async def test_arrows_stop_at_the_end_of_the_range_and_say_so(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, step=20)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        await stage.go_to("step")
        await pilot.press("right")
        assert settings["step"] == 20
        assert "it takes 1 to 20 steps" in " ".join(stage.about)


async def test_backspace_resets_what_keys_changed(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, step=5)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        await stage.go_to("step")
        await pilot.press("right", "right")
        assert settings["step"] == 7
        await pilot.press("backspace")
        assert (settings["step"], settings.origin("step")) == (5, "flag")
        await pilot.press("escape")
        assert not isinstance(stage.app.screen, SettingsScreen)


async def test_a_small_window_scrolls_with_the_cursor(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with make_app(settings).run_test(size=(60, 20)) as pilot:
        stage = await open_screen(pilot, settings)
        assert stage.rows.size.height < len(stage.rows.names)
        await pilot.press("end")
        assert stage.rows.text_rows[-1].startswith("▸ tutorial")
        await pilot.press("up", "up", "down")
        assert stage.rows.name_at_cursor == list(SETTINGS)[-2]
        await pilot.press("home")
        assert stage.rows.text_rows[0].startswith("▸ source")


async def test_the_current_tuning_is_saved_as_a_preset(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    async with make_app(settings).run_test(size=(100, 40)) as pilot:
        stage = await open_screen(pilot, settings)
        settings.set("refractory", 1.5)
        await pilot.press("w", *"kitchen", "enter")
        assert settings["preset"] == "kitchen"
        await pilot.press("w", *"fast", "enter")
        assert "choose another name" in " ".join(stage.about)
    assert make_settings(tmp_path, preset="kitchen")["refractory"] == 1.5


async def test_the_palette_opens_the_settings_at_a_setting(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    app = make_app(settings)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"setting: glide sil")
        found = app.screen.query_one(CommandList)
        await until(pilot, lambda: found.option_count == 1)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        assert app.screen.query_one(SettingsList).name_at_cursor == "glide_silence"
