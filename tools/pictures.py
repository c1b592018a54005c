"""Makes every picture of the README and the docs, with the app itself, from real sessions: ``python -m tools.pictures``.

The sketch is drawn by the bundled voice, through the recognizer. The other modes are played by keys in the app without a
terminal (Textual's pilot), recorded, and exported like any replay. Two networks side by side are drawn from what
``tools.side_by_side`` recorded. Settings and scores are in a temporary folder.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

from textual.pilot import Pilot

from tools import side_by_side
from voicetrail.game import RoundSetup, Rules, make_rules
from voicetrail.game.modes.maze import Maze
from voicetrail.game.modes.snake import Snake
from voicetrail.game.modes.trace import Trace
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.setup import make_context
from voicetrail.replay.export import Options, export
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.settings import load_settings
from voicetrail.ui.app import VoicetrailApp

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZE = (100, 30)
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up"}
VOICE_S = 50.0
"""Longest time for the bundled voice, in s."""

Play = Callable[[Pilot[None], Rules], Awaitable[None]]


def main() -> None:
    """Make all pictures."""
    OUT.mkdir(exist_ok=True)
    side_by_side.draw(OUT / "side-by-side.svg")
    with tempfile.TemporaryDirectory(prefix="voicetrail-") as folder:
        root = Path(folder)
        os.environ |= {
            "VOICETRAIL_CONFIG_DIR": str(root / "config"),
            "VOICETRAIL_STATE_DIR": str(root / "state"),
            "XDG_DATA_HOME": str(root / "data"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        asyncio.run(_title())
        asyncio.run(_round(root / "sketch.trail", RoundSetup("sketch"), _listen, "demo", {30.0: "sketch"}))
        asyncio.run(_round(root / "trace.trail", RoundSetup("trace", level="heart"), _trace, "", {4.0: "trace"}))
        asyncio.run(_round(root / "maze.trail", RoundSetup("maze", level="medium", seed=7), _maze, "", {4.0: "maze"}))
        asyncio.run(_round(root / "snake.trail", RoundSetup("snake", level="small", seed=3), _snake, "", {3.0: "snake"}))
        for name in ("sketch", "trace", "maze", "snake"):
            _export(root / f"{name}.trail", OUT / f"{name}-moving.svg")


def _app(source: str, setup: RoundSetup | None, record: str | None) -> VoicetrailApp:
    settings = load_settings({"tutorial": False, "theme": "midnight", "source": source or "demo"})
    if source:
        context = make_context(settings, record=record)
    else:  # played by keys
        context = SessionContext(settings, record_path=Path(record) if record else None, record=record is not None)
    if setup is not None:
        context.begin_round(make_rules(setup))
    return VoicetrailApp(context)


async def _title() -> None:
    app = _app("", None, None)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(2.5)
        _shoot(app, "title")
    app.context.close()


async def _round(path: Path, setup: RoundSetup, play: Play, source: str, shots: dict[float, str]) -> None:
    app = _app(source, setup, str(path))
    began = monotonic()
    async with app.run_test(size=SIZE) as pilot:
        if source:
            await pilot.press("f")

        async def look() -> None:
            for at, name in sorted(shots.items()):
                await asyncio.sleep(max(0.0, at - (monotonic() - began)))
                _shoot(app, name)

        looking = asyncio.create_task(look())
        current = app.context.round
        assert current is not None
        await play(pilot, current.rules)
        looking.cancel()
    app.context.close()


def _shoot(app: VoicetrailApp, name: str) -> None:
    (OUT / f"{name}.svg").write_text(app.export_screenshot(title="voicetrail"), "utf-8")


async def _listen(pilot: Pilot[None], rules: Rules) -> None:
    app = pilot.app
    assert isinstance(app, VoicetrailApp)
    end = monotonic() + VOICE_S
    while app.context.state not in ("ended", "keyboard") and monotonic() < end:
        await pilot.pause(0.2)


async def _trace(pilot: Pilot[None], rules: Rules) -> None:
    assert isinstance(rules, Trace)
    for figure in rules.level_data.figures:
        place, number = figure.start, 0
        while number + 1 < len(figure.path) and not rules.ended:
            across, along = figure.path[number + 1][0] - place[0], figure.path[number + 1][1] - place[1]
            direction: Direction = "right" if across > 0 else "left" if across < 0 else "down" if along > 0 else "up"
            number += len(figure.run(place, direction))
            place = figure.path[number]
            await pilot.press(direction)
            await pilot.pause(0.5)


async def _maze(pilot: Pilot[None], rules: Rules) -> None:
    assert isinstance(rules, Maze)
    for direction in rules.maze.best():
        await pilot.press(direction)
        await pilot.pause(0.5)


async def _snake(pilot: Pilot[None], rules: Rules) -> None:
    assert isinstance(rules, Snake)
    await pilot.press("right")
    end = monotonic() + 40
    while not rules.ended and rules.food < 6 and monotonic() < end:
        (x, y), (goal_x, goal_y) = rules.body[0], rules._food_at
        want = "left" if goal_x < x else "right" if goal_x > x else "up" if goal_y < y else "down"
        if want == OPPOSITE[rules.direction]:
            want = "up" if want in ("left", "right") else "left"
        if want != rules.direction:
            await pilot.press(want)
        await pilot.pause(0.1)


def _export(replay: Path, out: Path) -> None:
    export(Timeline(read(replay)), out, Options(animate=True), force=True)


if __name__ == "__main__":
    main()
