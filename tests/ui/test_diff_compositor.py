"""What goes over the line: a terminal that is read back shows the same as Textual means, at a fraction of the bytes."""

from __future__ import annotations

from pathlib import Path

import pyte
import pytest
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.ui.stage import make_app, make_settings, round_screen
from voicetrail.events import Scores, WordHeard
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.messages import UpdatesArrived
from voicetrail.ui.textual_private.diff_compositor import DiffUpdate
from voicetrail.ui.widgets.rows import Rows

SIZE = (100, 30)


def cells(strip: Strip) -> list[tuple[str, object]]:
    """What can be seen: of a blank the background alone."""
    seen: list[tuple[str, object]] = []
    for text, style, _ in strip:
        assert style is not None
        seen += [(character, style.bgcolor if character == " " else style) for character in text]
    return seen


class Line:
    """Keeps what the app sends, and shows it on a terminal."""

    def __init__(self, app: VoicetrailApp) -> None:
        self.sent: list[str] = []
        self.terminal = pyte.Screen(*SIZE)
        self._stream = pyte.Stream(self.terminal)
        self._app = app
        plain = app._display

        def display(screen: object, renderable: object) -> None:
            if isinstance(renderable, CompositorUpdate):
                text = renderable.render_segments(app.console)
                self._stream.feed(text.replace("\n", "\r\n"))
                if isinstance(renderable, DiffUpdate):
                    self.sent.append(text)
            plain(screen, renderable)  # type: ignore[arg-type]

        app._display = display  # type: ignore[method-assign]

    @property
    def shown(self) -> list[str]:
        return [row.rstrip() for row in self.terminal.display]

    @property
    def meant(self) -> list[str]:
        return [strip.text.rstrip() for strip in self._app.screen._compositor.render_strips()]


async def test_a_diff_update_shows_the_right_cells_in_few_bytes(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path))
    line = Line(app)
    async with app.run_test(size=SIZE) as pilot:
        game = round_screen(app)
        game.board.show_labels(("up", "down", "left", "right", "_unknown_", "_background_noise_"))
        await pilot.pause()
        game.refresh()
        await pilot.pause()
        assert line.shown == line.meant
        sizes = []
        for turn, key in enumerate(("up", "right", "right", "down", "left", "u", "right", "up") * 2):
            line.sent.clear()
            await pilot.press(key)
            game.app.post_message(
                UpdatesArrived(
                    (Scores(turn * 640, (0.1 * (turn % 9),) * 6, (0.1 * (turn % 9),) * 6), WordHeard(turn * 640, "up", 0.9))
                )
            )
            await pilot.pause()
            assert line.shown == line.meant, f"after turn {turn}"
            sizes.append(sum(len(text.encode()) for text in line.sent))
        # A move by key, another by voice, all six bars, and two lines of the list, in one turn.
        assert sum(sizes) / len(sizes) < 1200


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_a_single_span_looks_as_textual_renders_it(tmp_path: Path, theme: str) -> None:
    app = make_app(make_settings(tmp_path, theme=theme))
    async with app.run_test(size=SIZE) as pilot:
        game = round_screen(app)
        game.board.show_labels(("up", "down", "left", "right", "_unknown_", "_background_noise_"))
        game.app.post_message(UpdatesArrived((Scores(640, (0.5,) * 6, (0.5,) * 6), WordHeard(640, "up", 0.9))))
        await pilot.press("up", "right")
        await pilot.pause()
        for rows in game.query(Rows):
            width, height = rows.outer_size
            for y in range(height):
                for start, end in ((0, width), (1, width - 1), (2, 9), (width - 5, width - 1)):
                    span = Region(start, y, end - start, 1)
                    assert cells(rows.render_span(span)) == cells(rows.render_lines(span)[0]), (rows, span)


async def test_a_screen_over_the_game_and_back(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path))
    line = Line(app)
    async with app.run_test(size=SIZE) as pilot:
        game = round_screen(app)
        await pilot.press("up", "f1")
        await pilot.pause()
        game.app.post_message(UpdatesArrived((WordHeard(640, "left", 0.9),)))
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        assert line.shown == line.meant
        assert any("left .90" in row for row in line.shown)


def test_textual_still_builds_updates_in_the_expected_form() -> None:
    assert {"spans", "chops", "chop_ends"} <= set(ChopsUpdate.__init__.__code__.co_varnames)
