"""Every screen at the smallest window and at the usual one: no word is cut at the edge of its panel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.scores.makers import daily, row
from tests.ui.stage import make_context, make_settings
from tests.ui.waiting import until
from voicetrail.events import Level, Scores, WordHeard, WordRejected
from voicetrail.game import RoundSetup
from voicetrail.play.listening.updates import Problem, SourceOpened
from voicetrail.play.progress import today
from voicetrail.play.rounds.setups import sketch_setup
from voicetrail.scores.rows import ScoreRow
from voicetrail.scores.store import ScoreStore
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.messages import RoundRequested, UpdatesArrived
from voicetrail.ui.screens.result import ResultScreen
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.screens.scores import ScoresScreen
from voicetrail.ui.screens.title import TitleScreen
from voicetrail.ui.widgets.rows import Rows

LABELS = ("up", "down", "left", "right", "_unknown_", "_background_noise_")
FEED = (
    SourceOpened("USB Microphone"),
    Level(640, -24.0, -12.0, False, gain_db=3.0),
    WordHeard(640, "right", 0.93),
    WordRejected(640, "right", 0.52, "threshold", 0.08),
    WordRejected(640, "right", 0.82, "refractory", 0.3),
    WordRejected(640, "right", 0.82, "margin", 0.3, "left"),
    Scores(640, (0.6, 0.0, 0.1, 0.0, 0.0, 0.2), (0.6, 0.0, 0.1, 0.0, 0.0, 0.2)),
)
Visit = Callable[[VoicetrailApp, Pilot[None]], Awaitable[None]]


async def title(app: VoicetrailApp, pilot: Pilot[None]) -> None:
    app.context.labels = LABELS
    app.post_message(UpdatesArrived(FEED))
    await pilot.pause()


def play(setup: RoundSetup) -> Visit:
    async def visit(app: VoicetrailApp, pilot: Pilot[None]) -> None:
        app.screen.post_message(RoundRequested(setup))
        await until(pilot, lambda: isinstance(app.screen, RoundScreen))
        screen = app.screen
        assert isinstance(screen, RoundScreen)
        screen.board.show_labels(LABELS)
        app.post_message(UpdatesArrived(FEED))
        await pilot.pause()

    return visit


async def paused(app: VoicetrailApp, pilot: Pilot[None]) -> None:
    await play(RoundSetup("maze", "small", 3))(app, pilot)
    await pilot.press("b")


async def result(app: VoicetrailApp, pilot: Pilot[None]) -> None:
    await play(RoundSetup("maze", "small", 7))(app, pilot)
    screen = app.screen
    assert isinstance(screen, RoundScreen)
    for direction in screen.round.rules.maze.best():  # type: ignore[attr-defined]
        await pilot.press(direction)
    await until(pilot, lambda: isinstance(app.screen, ResultScreen))


async def share(app: VoicetrailApp, pilot: Pilot[None]) -> None:
    await result(app, pilot)
    await pilot.press("down")


def keys(*pressed: str) -> Visit:
    async def visit(app: VoicetrailApp, pilot: Pilot[None]) -> None:
        await title(app, pilot)
        for key in pressed:
            await pilot.press(key)
            await pilot.pause()

    return visit


async def no_microphone(app: VoicetrailApp, pilot: Pilot[None]) -> None:
    await play(sketch_setup(app.context.settings))(app, pilot)
    text = "there is no microphone: plug one in, or name one with --device (`voicetrail devices` lists them); the demo"
    app.post_message(UpdatesArrived((Problem(text),)))
    await pilot.pause()


SCREENS: dict[str, Visit] = {
    "title": title,
    "sketch": play(RoundSetup(pen="heavy")),
    "trace": play(RoundSetup("trace", "heart")),
    "maze": play(RoundSetup("maze", "small", 3)),
    "snake": play(RoundSetup("snake", "small", 3)),
    "echo": play(RoundSetup("echo", seed=3)),
    "paused": paused,
    "result": result,
    "share": share,
    "levels": keys("down", "right"),
    "mazes": keys("down", "down", "right"),
    "scores": keys("up", "up", "up", "up", "right"),
    "tutorial": keys("up", "right"),
    "calibration": keys("k"),
    "settings": keys("s"),
    "no microphone": no_microphone,
}


SIZES = [(60, 20), (80, 24), (100, 30)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_no_word_is_cut(name: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    app = VoicetrailApp(make_context(make_settings(tmp_path, reduced_motion=True)))
    async with app.run_test(size=size) as pilot:
        await SCREENS[name](app, pilot)
        await pilot.pause()
        check(app)


def check(app: VoicetrailApp) -> None:
    """Assert that no text of the top screen is longer than its widget."""
    for rows in app.screen.query(Rows):
        if not rows.display or not rows.region.width or not rows.is_on_screen:
            continue
        width = rows.size.width
        for cells in rows._cells[: rows.size.height]:
            text = "".join(character for character, _ in cells)
            assert not text.rstrip().endswith("…") or text.strip().endswith(("recognizer…", "://…")), text
            assert len(text.rstrip()) <= width, f"{type(rows).__name__} of {width} columns: {text!r}"
    for frame in app.screen.query("#frame"):
        for label in (frame.border_title, frame.border_subtitle):
            assert label is None or len(str(label)) <= frame.region.width - 4, str(label)


def results() -> Iterator[ScoreRow]:
    """Bests with the longest names and figures."""
    yield row("trace", "two squares", 100, words=112, time_ms=600_000)
    yield row("maze", "huge braided fog", 180, words=112, time_ms=600_000)
    yield row("snake", "medium", 112)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_results_are_shown_in_full(size: tuple[int, int], tmp_path: Path) -> None:
    with ScoreStore(tmp_path / "scores.db") as store:
        store.add_all([*results()])
        for result in (daily(today() - timedelta(days=back)) for back in range(12)):
            store.begin_daily(result.date, datetime.now(UTC))
            store.end_daily(result.date, result)
    settings = make_settings(tmp_path, reduced_motion=True)
    app = VoicetrailApp(make_context(settings, open_scores=lambda: ScoreStore(tmp_path / "scores.db")))
    async with app.run_test(size=size) as pilot:
        title = app.screen
        assert isinstance(title, TitleScreen)
        if size[0] >= 80:
            await until(pilot, lambda: "1 of 28, best 100" in "\n".join(title.menu.text_rows))
            shown = "\n".join(title.menu.text_rows)
            assert "best 112" in shown
            assert "today: 100, streak 12" in shown
        title.menu.choose("scores")
        await pilot.press("right")
        scores = app.screen
        assert isinstance(scores, ScoresScreen)
        await until(pilot, lambda: "Bests" in "\n".join(scores.lines.text_rows))
        for _ in range(4):
            check(app)
            await pilot.press("down")
    app.context.close()


async def test_the_whole_field_of_a_medium_snake_fits_into_80_columns(tmp_path: Path) -> None:
    app = VoicetrailApp(make_context(make_settings(tmp_path, reduced_motion=True)))
    async with app.run_test(size=(80, 24)) as pilot:
        await play(RoundSetup("snake", "medium", 3))(app, pilot)
        screen = app.screen
        assert isinstance(screen, RoundScreen)
        rows = screen.board.canvas.text_rows
        assert [row.strip()[0] + row.strip()[-1] for row in rows if row.strip()] == ["╭╮", *["││"] * 13, "╰╯"]
