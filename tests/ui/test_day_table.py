"""What a visitor of a host sees of the table of the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

pytest.importorskip("sqlalchemy", reason="the scores of visitors need SQLAlchemy: pip install 'voicetrail[host]'")

from tests.host_scores.makers import ANNA, BO, daily_result
from tests.host_scores.serving import running, visitor
from tests.ui.stage import make_context, make_settings
from tests.ui.test_evening import Player, play_to_the_end
from tests.ui.waiting import until
from voicetrail.game import make_rules
from voicetrail.game.modes.maze import daily_setup
from voicetrail.host_scores.address import database_address
from voicetrail.host_scores.writer import ScoreWriter
from voicetrail.scores.shared.client import HostTable
from voicetrail.scores.visitor import VisitorScoreStore
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.screens.result import ResultScreen
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.screens.scores import ScoresScreen
from voicetrail.ui.screens.title import TitleScreen


@pytest.fixture
def host(tmp_path: Path) -> Iterator[ScoreWriter]:
    """A host on which Bo found today's way out, in more words than are enough."""
    with running(database_address(str(tmp_path / "visitors.sqlite3")), tmp_path) as one:
        today = datetime.now(UTC).replace(microsecond=0)
        level = make_rules(daily_setup(today.date())).level
        one.keep(daily_result(BO, 20, began=today, day=today.date(), level=level, seed=today.date().toordinal(), words=90))
        yield one


@pytest.fixture
def app(host: ScoreWriter, tmp_path: Path) -> Iterator[VoicetrailApp]:
    """The game of Anna, who visits it."""
    with visitor(host, ANNA) as (connection, _):
        scores = VisitorScoreStore(HostTable(connection), tmp_path / "own.sqlite3")
        yield VoicetrailApp(make_context(make_settings(tmp_path, reduced_motion=True), open_scores=lambda: scores))
        scores.host.close()


def rows(app: VoicetrailApp) -> str:
    screen = app.screen
    found = screen.figures if isinstance(screen, ResultScreen) else screen.lines if isinstance(screen, ScoresScreen) else None
    return "" if found is None else "\n".join(found.text_rows)


def notes(app: VoicetrailApp) -> set[str]:
    return {item.note for item in app.screen.menu.items} if isinstance(app.screen, TitleScreen) else set()


async def open_scores(app: VoicetrailApp, pilot: Pilot[None]) -> None:
    title: object = app.screen
    assert isinstance(title, TitleScreen)
    title.take(next(item for item in title.menu.items if item.name == "scores"))
    await until(pilot, lambda: isinstance(app.screen, ScoresScreen))


@pytest.mark.parametrize("size", [(100, 40), (80, 24)])
async def test_a_visitor_plays_the_daily_maze_and_is_in_the_table(app: VoicetrailApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        player = Player(app, pilot)
        await player.wait_for(TitleScreen)
        await until(pilot, lambda: "today here: 1" in notes(app))
        await open_scores(app, pilot)
        await until(pilot, lambda: "1 of 1 finished" in rows(app))
        assert "Bo" in rows(app)
        await player.say("left")
        await player.wait_for(TitleScreen)
        await player.say("down", "down", "right", "right")
        await player.wait_for(RoundScreen)
        await play_to_the_end(player)
        await until(pilot, lambda: "2 of 2 finished" in rows(app))
        own = next(line for line in rows(app).splitlines() if "Anna" in line)
        assert own.split()[:2] == ["1", "Anna"]
        assert own.endswith("voice, guest, you")
        await player.say("left")
        await player.wait_for(TitleScreen)
        await until(pilot, lambda: "today here: 1 of 2" in notes(app))


async def test_a_lost_host_does_not_disturb_the_game(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        player = Player(app, pilot)
        await player.wait_for(TitleScreen)
        scores = app.context.scores
        assert scores is not None
        assert scores.host is not None
        scores.host.close()
        await player.say("down", "down", "right", "right")
        await player.wait_for(RoundScreen)
        await play_to_the_end(player)
        await until(pilot, lambda: "connection to the host is lost" in rows(app))
        await player.say("left")
        await player.wait_for(TitleScreen)
