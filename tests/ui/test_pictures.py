"""Pictures of the screens: `pytest --snapshot-update` renews them; then look at them.

Title, every mode, result and scores, in three sizes, in ASCII and in the terminal's own sixteen colors.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.stage import make_app, make_context, make_settings, round_screen
from tests.ui.test_nothing_is_cut import SCREENS
from voicetrail.events import Level, Scores, WordHeard, WordRejected
from voicetrail.play.listening.updates import SourceOpened
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
    # Held still, so that no picture depends on how long it took to take it; no minute of silence pauses the round either.
    game.flow.pause_after_s = 0
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
    # Without motion: how long a new stroke stays lit goes by the clock.
    app = make_app(make_settings(tmp_path, reduced_motion=True, **flags))
    assert snap_compare(app, terminal_size=size, run_before=_play)


VARIANTS: dict[str, tuple[tuple[int, int], dict[str, object]]] = {
    "60x20": ((60, 20), {}),
    "80x24": ((80, 24), {}),
    "100x30": ((100, 30), {}),
    "ascii": ((80, 24), {"ascii": True}),
    "16-colors": ((80, 24), {"theme": "ansi-dark"}),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["title", "sketch", "trace", "maze", "snake", "echo", "result", "scores"])
def test_the_screens(snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, variant: str) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLORTERM", "truecolor")
    size, flags = VARIANTS[variant]
    # Time stands still, so that no picture depends on how long it took to take it.
    context = make_context(make_settings(tmp_path, reduced_motion=True, grid=True, **flags), clock=lambda: 100.0)
    app = VoicetrailApp(context)

    async def visit(pilot: Pilot[None]) -> None:
        await SCREENS[name](app, pilot)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=visit)
