"""From the title to a result and back, by words alone, by keys, and by the mouse."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest
from textual.pilot import Pilot

from tests.ui.stage import make_context, make_settings
from tests.ui.waiting import until
from voicetrail.events import SourceLost, WordHeard
from voicetrail.game import Move, RoundSetup
from voicetrail.game.modes.maze import Maze
from voicetrail.play.context import SessionContext
from voicetrail.play.drawings import begin_requested
from voicetrail.play.listening.updates import SourceOpened
from voicetrail.play.rounds.setups import requested_setup
from voicetrail.scores.store import ScoreStore
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.base.spoken_screen import GRACE_S
from voicetrail.ui.messages import RoundRequested, UpdatesArrived
from voicetrail.ui.screens.levels import MazeScreen, SketchScreen, TraceScreen
from voicetrail.ui.screens.result import ResultScreen
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.screens.scores import ScoresScreen
from voicetrail.ui.screens.share import ShareScreen
from voicetrail.ui.screens.title import TitleScreen

SMALL = RoundSetup("maze", "small", 7)


class Player:
    """Says words to the app, each long enough after a screen opened."""

    def __init__(self, app: VoicetrailApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.now = monotonic()
        app.context.clock = lambda: self.now

    async def say(self, *words: str, after: float = GRACE_S + 0.1) -> None:
        for word in words:
            self.now += after
            self.app.post_message(UpdatesArrived((WordHeard(0, word, 0.9),)))
            await self.pilot.pause()

    async def wait_for(self, screen: type) -> None:
        await until(self.pilot, lambda: isinstance(self.app.screen, screen))


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SessionContext:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return make_context(make_settings(tmp_path, reduced_motion=True))


async def play_to_the_end(player: Player) -> None:
    screen = player.app.screen
    assert isinstance(screen, RoundScreen)
    rules = screen.round.rules
    assert isinstance(rules, Maze)
    await player.say(*rules.maze.best())
    await player.wait_for(ResultScreen)


async def test_a_maze_is_chosen_played_and_shared_by_words_alone(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 30)) as pilot:
        player = Player(app, pilot)
        await player.wait_for(TitleScreen)
        title = app.screen
        await player.say("down", "down", "right")
        await player.wait_for(MazeScreen)
        await player.say("down", "right")
        await player.wait_for(RoundScreen)
        await play_to_the_end(player)
        result = app.screen
        assert isinstance(result, ResultScreen)
        await until(pilot, lambda: "gold medal" in "\n".join(result.figures.text_rows))
        assert result.figures.text_rows[0] == "Maze small"
        await player.say("down")
        await player.wait_for(ShareScreen)
        await player.say("up")
        share = app.screen
        assert isinstance(share, ShareScreen)
        assert share.shared.startswith("voicetrail maze")
        assert app.clipboard == share.shared
        assert "the shortest path has" in "\n".join(share.text_rows.text_rows), "all that the screens do, words can ask for"
        await player.say("left")
        await player.wait_for(ResultScreen)
        await player.say("up")
        await player.wait_for(RoundScreen)
        assert context.round is not None
        assert context.round.rules.setup.level == "medium", "up is the next level"
        await pilot.press("q")
        await player.wait_for(MazeScreen)
        await player.say("left")
        await until(pilot, lambda: app.screen is title)
        await player.say("left", "left")
        assert app.return_code == 0


async def test_a_word_said_before_a_screen_opened_is_ignored(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(80, 24)) as pilot:
        player = Player(app, pilot)
        title = app.screen
        assert isinstance(title, TitleScreen)
        title.grace.begin()
        await player.say("down", after=GRACE_S - 0.1)
        assert title.menu.cursor == 0
        await player.say("down", after=0.2)
        assert title.menu.cursor == 1


async def test_silence_pauses_a_round_and_words_control_the_pause(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 30)) as pilot:
        player = Player(app, pilot)
        app.screen.post_message(RoundRequested(SMALL))
        await player.wait_for(RoundScreen)
        screen = app.screen
        assert isinstance(screen, RoundScreen)
        rules = screen.round.rules
        await player.say(rules.maze.best()[0])  # type: ignore[attr-defined]
        words = rules.result().words
        player.now += 13
        await until(pilot, lambda: rules.paused)
        assert "right continues" in screen.message.message
        played = rules.played_ms
        await player.say("right")
        assert not rules.paused
        assert rules.result().words == words, "the word led on and was no move"
        assert rules.played_ms == played, "a pause takes no time"
        await pilot.press("b")
        assert screen.flow.reason == "key"
        await player.say("up")
        await until(pilot, lambda: app.screen is not screen)
        assert context.round is not None
        assert context.round.rules.setup == rules.setup, "the same maze again"
        await pilot.press("b")
        await player.say("left")
        await player.wait_for(TitleScreen)


async def test_a_lost_microphone_and_a_small_window_stop_the_clock(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 30)) as pilot:
        player = Player(app, pilot)
        app.screen.post_message(RoundRequested(RoundSetup("snake", "small", 3)))
        await player.wait_for(RoundScreen)
        screen = app.screen
        assert isinstance(screen, RoundScreen)
        app.post_message(UpdatesArrived((SourceLost(0, "the microphone is gone"),)))
        await until(pilot, lambda: screen.round.rules.paused)
        assert "no sound" in screen.message.message
        await pilot.press("right")
        assert not screen.round.rules.paused
        await pilot.resize_terminal(50, 12)
        await until(pilot, lambda: screen.round.rules.paused)


@pytest.mark.parametrize("key", ["right", "enter"])
async def test_keys_and_clicks_do_the_same(context: SessionContext, key: str) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", "down", key)
        await until(pilot, lambda: isinstance(app.screen, MazeScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
        title = app.screen
        assert isinstance(title, TitleScreen)
        await pilot.click(title.menu, offset=(4, 0))
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("q")
        await until(pilot, lambda: app.screen is title)
        await pilot.press("q")
    assert app.return_code == 0


@pytest.mark.parametrize("key", ["right", "enter"])
async def test_keys_start_a_level_of_trace_and_the_next_one_is_selected(tmp_path: Path, key: str) -> None:
    context = make_context(make_settings(tmp_path, reduced_motion=True), open_scores=lambda: ScoreStore(tmp_path / "scores.db"))
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", key)
        await until(pilot, lambda: isinstance(app.screen, TraceScreen))
        levels = app.screen
        assert isinstance(levels, TraceScreen)
        await until(pilot, lambda: levels.field.is_mounted)
        assert app.focused is None, "the hidden text field must not take the keys"
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("right", "down")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await pilot.press("up")
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("q")
        await until(pilot, lambda: app.screen is levels)
        assert levels.menu.item is not None
        assert levels.menu.item.name == "square", "corner is finished"
        await pilot.press("left")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
    context.close()


async def test_a_drawing_without_a_recording_is_saved_and_reported(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("right")
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        await pilot.press("up", "right", "q")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
        title = app.screen
        assert isinstance(title, TitleScreen)
        await until(pilot, lambda: "voicetrail play sketch last-drawing" in title.note.message)
    lines = context.close()
    assert context.saved_drawing.endswith("last-drawing.trail")
    assert any("last-drawing" in line for line in lines)
    from voicetrail.replay.file.reader import read
    from voicetrail.replay.library import summarize
    from voicetrail.replay.timeline import Timeline

    saved = summarize(Path(context.saved_drawing))
    assert (saved.length, saved.word_count) == ("-", "-"), "it is a drawing, and no round of no time"

    assert Timeline(read(Path(context.saved_drawing))).final.pen is not None


async def test_a_named_drawing_is_continued_from_the_title_by_words(context: SessionContext, tmp_path: Path) -> None:
    earlier = make_context(make_settings(tmp_path))
    drawn = begin_requested(earlier, RoundSetup("sketch", "castle"))
    drawn.do(Move("up"))
    kept = drawn.rules.checksum()
    earlier.close()
    app = VoicetrailApp(context)
    async with app.run_test(size=(60, 20)) as pilot:
        player = Player(app, pilot)
        title = app.screen
        assert isinstance(title, TitleScreen)
        await until(pilot, lambda: title.menu.items[0].note == "1 drawing")
        await player.say("right")
        await player.wait_for(SketchScreen)
        await player.say("down", "right")
        await player.wait_for(RoundScreen)
        screen = app.screen
        assert isinstance(screen, RoundScreen)
        assert (screen.round.rules.level, screen.round.rules.checksum()) == ("castle", kept)


async def test_an_echo_shows_its_sequence_only_after_the_recognizer_is_loaded(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 40)) as pilot:
        player = Player(app, pilot)
        context._state = "loading"
        app.screen.post_message(RoundRequested(RoundSetup("echo", seed=3)))
        await player.wait_for(RoundScreen)
        screen = app.screen
        assert isinstance(screen, RoundScreen)
        await until(pilot, lambda: screen.flow.reason == "loading")
        assert screen.round.rules.paused
        app.post_message(UpdatesArrived((SourceOpened("microphone"),)))
        await until(pilot, lambda: not screen.round.rules.paused)


async def test_the_bundled_voice_does_not_control_menus(context: SessionContext) -> None:
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 40)) as pilot:
        player = Player(app, pilot)
        assert isinstance(app.screen, TitleScreen)
        context.source_name = "demo"
        await player.say("left", "left", "right")
        assert isinstance(app.screen, TitleScreen)
        assert app.return_code is None
        context.source_name = "microphone"
        await player.say("left", "left")
        await until(pilot, lambda: app.return_code == 0)


async def test_a_result_is_saved_and_shown_in_the_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    context = make_context(make_settings(tmp_path, reduced_motion=True), open_scores=lambda: ScoreStore(tmp_path / "scores.db"))
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 40)) as pilot:
        player = Player(app, pilot)
        title = app.screen
        assert isinstance(title, TitleScreen)
        await until(pilot, lambda: "today: not played" in "\n".join(title.menu.text_rows))
        app.screen.post_message(RoundRequested(SMALL))
        await player.wait_for(RoundScreen)
        await play_to_the_end(player)
        result = app.screen
        assert isinstance(result, ResultScreen)
        await until(pilot, lambda: "your best" in "\n".join(result.figures.text_rows))
        await player.say("right")
        await player.wait_for(RoundScreen)
        await pilot.press("q")
        await player.wait_for(TitleScreen)
        title.menu.choose("scores")
        await player.say("right")
        await player.wait_for(ScoresScreen)
        scores = app.screen
        assert isinstance(scores, ScoresScreen)
        await until(pilot, lambda: "small" in "\n".join(scores.lines.text_rows))
        assert "Rounds by day" in "\n".join(scores.lines.text_rows)
    context.close()
    with ScoreStore(tmp_path / "scores.db") as store:
        finished, left = store.rows()
        assert (finished.finished, left.finished) == (True, False), "a round that was left is kept and counts for nothing"
        assert finished.medal == "gold"


async def test_only_the_first_try_at_a_daily_maze_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    context = make_context(make_settings(tmp_path, reduced_motion=True), open_scores=lambda: ScoreStore(tmp_path / "scores.db"))
    app = VoicetrailApp(context)
    async with app.run_test(size=(100, 40)) as pilot:
        player = Player(app, pilot)
        for counts in (True, False):
            app.screen.post_message(RoundRequested(requested_setup("daily")))
            await until(pilot, lambda: isinstance(app.screen, RoundScreen))
            await play_to_the_end(player)
            result = app.screen
            assert isinstance(result, ResultScreen)
            assert result.outcome.counts is counts
            await until(pilot, lambda shown=result.figures: len(shown.text_rows) > 3)  # type: ignore[misc]
            assert ("only your first try" in "\n".join(result.figures.text_rows)) is not counts
    context.close()
