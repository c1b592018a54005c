"""Pictures of the screen, kept few: `pytest --snapshot-update` renews them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.stage import make_app, make_settings, round_screen
from voicetrail.events import Level, Scores, WordHeard, WordRejected
from voicetrail.play.updates import SourceOpened
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.messages import UpdatesArrived

Compare = Callable[..., bool]


async def _play(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, VoicetrailApp)
    game = round_screen(app)
    game.board.show_labels(("up", "down", "left", "right", "_unknown_", "_background_noise_"))
    game.board.bars.set_thresholds({"up": 0.8, "down": 0.7, "left": 0.6, "right": 0.75})
    game.board.bars.set_fired({"up": 2, "down": 1, "left": 0, "right": 1})
    # Held still, so that no picture depends on how long it took to take it.
    game.round._clock = lambda: game.round._start + 65
    game.board.bars._clock = game.board.status._clock = lambda: 0.0
    await pilot.press("up", "right", "right", "down", "down", "left")
    game.app.post_message(
        UpdatesArrived(
            (
                SourceOpened("a microphone"),
                Level(640, -24.0, -12.0, False),
                WordRejected(640, "left", 0.52, "threshold", 0.08),
                WordHeard(640, "up", 0.93),
                Scores(640, (0.9, 0.0, 0.1, 0.0, 0.0, 0.2), (0.9, 0.0, 0.1, 0.0, 0.0, 0.2)),
            )
        )
    )
    await pilot.press("right")
    await pilot.pause()


@pytest.mark.parametrize(
    ("size", "flags"),
    [((100, 30), {}), ((60, 20), {}), ((80, 24), {"ascii": True, "theme": "paper"})],
    ids=["roomy", "small", "ascii-light"],
)
def test_the_game(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], flags: dict[str, object]) -> None:
    assert snap_compare(make_app(make_settings(tmp_path, **flags)), terminal_size=size, run_before=_play)
