"""Every key that tunes the ear: the setting, the mark on the bar, the message, and the detector that listens."""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from textual.pilot import Pilot

from tests.ui.stage import make_app, make_settings, round_screen, sketch
from tests.ui.tones import ToneRecognizer, tone_file
from tests.ui.waiting import until
from voicetrail.events import Scores
from voicetrail.keys import rebind
from voicetrail.listening import Listener
from voicetrail.settings import Settings, load_settings
from voicetrail.spotting.talk import raise_threshold
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.messages import UpdatesArrived
from voicetrail.ui.screens.round import RoundScreen

WORDS = ("up", "down", "left", "right")


async def loaded(pilot: Pilot[None], app: VoicetrailApp) -> RoundScreen:
    """The game with its ears listening to a file."""
    game = round_screen(app)
    await until(pilot, lambda: game.context.tuner.shipped is not None and game.context.worker is not None)
    return game


def thresholds(game: RoundScreen) -> dict[str, float]:
    """What the detector that listens goes by, which is also where the ticks are."""
    assert game.context.worker is not None
    listener = game.context.worker._listener
    assert isinstance(listener, Listener)
    held = {word: listener.detector.settings.threshold_of(word) for word in WORDS}
    assert game.board.bars._thresholds == held
    return held


THRESHOLD_KEYS = (
    ("]", (0.75, 0.75, 0.65, 0.75), None, "thresholds up 0.75"),
    ("[", (0.65, 0.65, 0.55, 0.65), None, "thresholds up 0.65"),
    ("}", (0.71, 0.71, 0.61, 0.71), None, "0.71"),
    ("{", (0.69, 0.69, 0.59, 0.69), None, "0.69"),
    ("3 ]", (0.7, 0.7, 0.65, 0.7), "left", "threshold of left 0.65"),
    ("tab [", (0.65, 0.7, 0.6, 0.7), "up", "threshold of up 0.65"),
    ("tab tab escape ]", (0.75, 0.75, 0.65, 0.75), None, "thresholds"),
    ("shift+tab ]", (0.7, 0.7, 0.6, 0.75), "right", "threshold of right 0.75"),
    ("] ] 0", (0.7, 0.7, 0.6, 0.7), None, "reset to the value of the weights"),
    ("] 3 ] 0", (0.75, 0.75, 0.6, 0.75), "left", "threshold of left reset to the value of the weights"),
    ("2 ] ] ] ] ] ] ] ]", (0.7, 1.0, 0.6, 0.7), "down", "cannot go higher: it takes 0.05 to 1"),
)
"""Keys, the thresholds after them, the word that is selected, and what the message line says."""

KEYS = (
    ("<", "refractory", 0.4),
    (">", "refractory", 0.5),
    ("(", "smoothing", 0.08),
    (")", "smoothing", 0.12),
    ("-", "step", 1),
    ("+", "step", 2),
    ("=", "step", 3),
    ("g", "movement", "glide"),
    ("v", "glide_speed", 5.0),
    ("V", "glide_speed", 6.0),
    ("p", "push_to_talk", True),
    ("n", "preset", "quiet room"),
)
"""A key, the setting it changes, and its value then, each starting where the last one ended."""


async def test_threshold_keys(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    app = make_app(settings, tone_file(tmp_path / "quiet.wav", ["up"] * 40, loudness=0.0))
    async with app.run_test(size=(100, 30)) as pilot:
        game = await loaded(pilot, app)
        for keys, expected, selected, says in THRESHOLD_KEYS:
            game.action_select_all()
            game.action_thresholds_reset()
            await pilot.press(*keys.split())
            assert tuple(thresholds(game).values()) == pytest.approx(expected), keys
            assert says in game.message.message
            assert game.board.bars.selected == selected
            kept = load_settings(env=_env(tmp_path)).detector_settings(ToneRecognizer.detector)
            assert [kept.threshold_of(word) for word in WORDS] == pytest.approx(expected)


async def test_the_ticks_rise_during_running_speech(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        game = round_screen(app)
        game.board.show_labels(ToneRecognizer.labels)
        game.context.tuner.loaded(ToneRecognizer.labels, ToneRecognizer.detector)
        plain = ToneRecognizer.detector.threshold_of("up")
        for time, by in ((640, 0.32), (1280, 0.16), (1920, 0.0)):
            game.app.post_message(
                UpdatesArrived(
                    (Scores(time, (0.1,) * len(ToneRecognizer.labels), (0.1,) * len(ToneRecognizer.labels), talk_shift=by),)
                )
            )
            await pilot.pause()
            assert game.board.bars._thresholds["up"] == pytest.approx(raise_threshold(plain, by))
        assert raise_threshold(plain, 0.32) > plain + 0.1


async def test_a_letter_of_another_alphabet_does_what_its_key_does(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    app = make_app(settings)
    app.context.actions, problems = rebind(settings.keys)
    assert not problems
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("п")  # on the key of g
        assert settings["movement"] == "glide"
        await pilot.press("й")  # on the key of q
        await pilot.pause()
    assert app.return_code is not None


async def test_a_key_for_each_setting(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    app = make_app(settings, tone_file(tmp_path / "quiet.wav", ["up"] * 40, loudness=0.0))
    async with app.run_test(size=(100, 30)) as pilot:
        game = await loaded(pilot, app)
        for key, name, value in KEYS:
            before = game.message.message
            await pilot.press(key)
            assert settings[name] == value
            assert settings.origin(name) == "key"
            assert game.message.message != before
            _takes_effect(game, settings, name)
            assert load_settings(env=_env(tmp_path))[name] == value


def _takes_effect(game: RoundScreen, settings: Settings, name: str) -> None:
    """What the setting is for goes by it already."""
    assert game.context.worker is not None
    listener = game.context.worker._listener
    assert isinstance(listener, Listener)
    rules = sketch(game)
    if name in ("refractory", "smoothing"):
        assert getattr(listener.detector.settings, name) == settings[name]
    elif name == "preset":
        assert listener.detector.settings == settings.detector_settings(ToneRecognizer.detector)
        assert listener.detector.settings != ToneRecognizer.detector
    elif name == "step":
        assert rules.step_length == settings[name]
    elif name == "movement":
        assert rules.movement.name == settings[name]
    elif name == "glide_speed":
        assert rules.glide_speed == settings[name]
    elif name == "push_to_talk":
        assert listener.muted
        assert game.board.status.state == "talk"


async def test_a_key_takes_effect_within_50_ms_and_drops_no_sound(tmp_path: Path) -> None:
    """Counted in the thread's own processor time, so that a busy machine makes no difference."""
    settings = make_settings(tmp_path)
    settings.writer.background = True
    app = make_app(settings, tone_file(tmp_path / "quiet.wav", ["up"] * 40, loudness=0.0))
    async with app.run_test(size=(100, 30)) as pilot:
        game = await loaded(pilot, app)
        assert game.context.worker is not None
        listener = game.context.worker._listener
        taken = []
        for change in (-0.01, 0.01) * 10:
            start = thread_time()
            game.action_threshold(change)
            taken.append(thread_time() - start)
        assert max(taken) < 0.05
        assert game.context.worker._listener is listener, "no setting needs a restart"
        assert game.board.status.lost == 0
    settings.close()


def _env(folder: Path) -> dict[str, str]:
    return {"VOICETRAIL_CONFIG_DIR": str(folder / "config"), "VOICETRAIL_STATE_DIR": str(folder / "state")}
