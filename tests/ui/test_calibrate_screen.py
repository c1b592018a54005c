from __future__ import annotations

from itertools import groupby
from pathlib import Path

from textual.pilot import Pilot

from tests.calibration.scene import scene
from tests.ui.stage import make_app, make_settings, round_screen, sketch
from tests.ui.tones import tone_file
from tests.ui.waiting import until
from voicetrail.calibration import Plan
from voicetrail.events import SourceEnded, SourceLost
from voicetrail.settings import Settings
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.messages import UpdatesArrived
from voicetrail.ui.screens.calibrate import CalibrateScreen
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.widgets.rows import Rows

PLAN = Plan(("up", "left"), repeats=2, room=2.2, slot=1.5)


def text(app: VoicetrailApp) -> str:
    return "\n".join(app.screen.query_one("#lines", Rows).text_rows)


async def begin(pilot: Pilot[None], app: VoicetrailApp) -> tuple[RoundScreen, CalibrateScreen]:
    """Open the calibration once the ears are there, and begin."""
    await until(pilot, lambda: round_screen(app).board.status.state == "ended")
    game = round_screen(app)
    screen = CalibrateScreen(game.context, PLAN)
    app.push_screen(screen)
    await pilot.pause()
    assert game.context.words_held
    assert "under a minute" in " ".join(text(app).split())
    await pilot.press("enter")
    return game, screen


def stage(tmp_path: Path) -> tuple[Settings, VoicetrailApp]:
    settings = make_settings(tmp_path)
    return settings, make_app(settings, tone_file(tmp_path / "quiet.wav", []))


async def test_the_player_says_the_words_and_accepts_the_proposal(tmp_path: Path) -> None:
    settings, app = stage(tmp_path)
    async with app.run_test(size=(100, 36)) as pilot:
        game, screen = await begin(pilot, app)
        asked: list[str] = []
        for _, events in groupby(scene(PLAN, lambda word, time: 0.55), lambda event: event.time // 6400):
            game.app.post_message(UpdatesArrived(tuple(events)))
            await pilot.pause()
            line = text(app).splitlines()[1]
            if line not in asked:
                asked.append(line)
        await until(pilot, lambda: screen.proposal is not None)
        assert asked[0] == "Please be quiet: listening to the room"
        prompts = [line.split("say")[1].replace(" ", "").lower() for line in asked if "say" in line]
        assert prompts == list(PLAN.prompts)
        assert screen.proposal is not None
        assert screen.proposal.thresholds, "words that reach 0.55 stay below their thresholds"
        shown = text(app)
        assert "you reached 0.55, 0.55" in shown
        assert "you are heard about" in " ".join(shown.split())
        await pilot.press("enter")
        await until(pilot, lambda: "applied" in text(app))
        for word, threshold in screen.proposal.thresholds.items():
            assert settings[f"thresholds.{word}"] == threshold
            assert settings.origin(f"thresholds.{word}") == "key"
        await pilot.press("enter")
        assert isinstance(app.screen, RoundScreen)
        assert sketch(app.screen).tally.strokes == 0
        assert app.screen.board.status.state == "ended", "words are no longer held back"


async def test_rejecting_the_proposal_changes_nothing(tmp_path: Path) -> None:
    settings, app = stage(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        game, screen = await begin(pilot, app)
        game.app.post_message(UpdatesArrived(tuple(scene(PLAN, lambda word, time: 0.55))))
        await until(pilot, lambda: screen.proposal is not None)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, RoundScreen)
        assert settings.origin("thresholds") == "default"
    assert not (tmp_path / "state").exists()


async def test_lost_sound_is_reported_and_the_calibration_continues_or_restarts(tmp_path: Path) -> None:
    _, app = stage(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        game, screen = await begin(pilot, app)
        events = tuple(scene(PLAN, lambda word, time: 0.95, seconds=3.0))
        game.app.post_message(UpdatesArrived((*events, SourceLost(48_000, "the microphone \x1b[2J is gone"))))
        await until(pilot, lambda: "! the microphone" in text(app))
        assert "\x1b" not in text(app)
        game.app.post_message(UpdatesArrived(events[-2:]))
        await until(pilot, lambda: "say" in text(app))
        game.app.post_message(UpdatesArrived((SourceEnded(48_000),)))
        await until(pilot, lambda: "calibration stopped: the sound ended after 3 s" in text(app))
        await pilot.press("r")
        game.app.post_message(UpdatesArrived(tuple(scene(PLAN, lambda word, time: 0.998))))
        await until(pilot, lambda: screen.proposal is not None)
        assert "nothing needs to change" in text(app)


async def test_without_a_recognizer_it_says_so(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("k")
        await pilot.pause()
        await pilot.press("enter")
        assert "still loading" in text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, RoundScreen)
        assert not app.screen.context.words_held


async def test_the_bundled_voice_cannot_be_used_to_calibrate(tmp_path: Path) -> None:
    """It does not say the requested words: thresholds chosen by them would fit nobody."""
    app = make_app(make_settings(tmp_path, source="demo"), tone_file(tmp_path / "quiet.wav", []))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: round_screen(app).board.status.state == "ended")
        app.push_screen(CalibrateScreen(round_screen(app).context, PLAN))
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: "does not say the requested words" in " ".join(text(app).split()))
