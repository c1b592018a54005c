"""How the delay of a line gets to the screen, and how seldom."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from tests.link.feeding import Steady
from tests.ui.stage import make_app, make_settings, round_screen
from tests.ui.waiting import until
from voicetrail.link.address import parse_address
from voicetrail.link.serving.feeds import SoundFeed
from voicetrail.link.serving.server import LinkServer
from voicetrail.play.listening.delay_display import EVERY_S, DelayDisplay


def test_a_delay_is_shown_at_once_and_changes_only_if_it_clearly_differs() -> None:
    line = DelayDisplay()
    assert line.take(None, 0.0) is None
    assert line.take(0.0231, 0.1) == 23
    assert line.take(0.035, 0.2) == 23, "too soon after the last"
    assert line.take(0.030, 5.0) == 23, "it trembles"
    assert line.take(0.035, 5.1) == 35
    assert line.take(0.200, 7.0) == 200
    assert line.take(0.245, 9.0) == 200, "less than a quarter"
    assert line.take(None, 9.1) is None, "what stands still is told at once"
    assert line.take(0.2, 9.2) == 200


def test_jitter_changes_the_displayed_delay_at_most_once_per_second() -> None:
    line, jitter = DelayDisplay(), np.random.default_rng(1).uniform(0.02, 0.4, 600)
    shown = [line.take(float(delay), place * 0.1) for place, delay in enumerate(jitter)]
    changes = sum(before != after for before, after in pairwise(shown))
    assert 10 < changes <= 60 / EVERY_S


async def test_a_game_over_a_connection_shows_its_delay(tmp_path: Path) -> None:
    server = LinkServer(SoundFeed(Steady()), parse_address(f"unix://{tmp_path}/mic"))
    server.start()
    app = make_app(make_settings(tmp_path), spec=f"unix://{tmp_path}/mic")
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            game = round_screen(app)
            await until(pilot, lambda: "delay " in game.board.status.text_rows[2])
            _, _, figure = game.board.status.text_rows[2].partition("delay ")
            assert 0 <= int(figure.split()[0]) < 2000
    finally:
        server.close()
