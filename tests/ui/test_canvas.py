from __future__ import annotations

from textual.app import App, ComposeResult

from tests.ui.waiting import until
from voicetrail.game import Clear, Move, Sketch, Undo
from voicetrail.game.glyphs import BOX_GLYPHS
from voicetrail.game.trail import Direction
from voicetrail.ui.style.look import Look, make_look
from voicetrail.ui.widgets.canvas import Canvas


class Stage(App[None]):
    def __init__(self, game: Sketch, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.game = game
        self.look: Look = make_look({}, ansi=True, ascii_only=ascii_only)

    def compose(self) -> ComposeResult:
        yield Canvas(self.game, grid=False)

    @property
    def canvas(self) -> Canvas:
        return self.query_one(Canvas)

    def draw(self, *way: Direction) -> None:
        for direction in way:
            self.canvas.update_cells(self.game.apply(Move(direction, "key"), 0).cells)


def whole(game: Sketch, canvas: Canvas) -> list[str]:
    """What the view has to show, cell by cell."""
    left, top = canvas.origin
    width, height = canvas.size
    return [
        "".join(BOX_GLYPHS.of_cell(game.trail, (x, y)) for x in range(left, left + width)).rstrip()
        for y in range(top, top + height)
    ]


async def test_the_pen_starts_in_the_middle_and_lines_join() -> None:
    app = Stage(Sketch(step_length=1))
    async with app.run_test(size=(21, 11)):
        assert app.canvas.text_rows[5] == " " * 10 + "●"
        app.draw("right", "down", "left", "left", "up", "right")
        assert [row for row in app.canvas.text_rows if row] == [
            "        ╭─►─╮",
            "        ╰───╯",
        ]


async def test_ascii() -> None:
    app = Stage(Sketch(step_length=1), ascii_only=True)
    async with app.run_test(size=(21, 11)):
        app.draw("right", "down", "left", "left", "up")
        text = "\n".join(app.canvas.text_rows)
        assert text.isascii()
        assert [row.strip() for row in app.canvas.text_rows if row] == ["^ --+", "+---+"]


async def test_the_view_follows_the_pen_and_shows_exactly_the_drawing() -> None:
    game = Sketch(step_length=3)
    app = Stage(game)
    async with app.run_test(size=(40, 12)):
        for direction in ("right", "right", "down", "right", "right", "up", "up", "left", "left", "up", "up", "left"):
            app.draw(direction)
            pen, (left, top) = game.trail.pen, app.canvas.origin
            assert 0 <= pen.x - left < 40
            assert 0 <= pen.y - top < 12
            assert app.canvas.text_rows == whole(game, app.canvas)
        app.canvas.update_cells(game.apply(Clear(), 0).cells)
        assert app.canvas.text_rows == whole(game, app.canvas)
        app.canvas.update_cells(game.apply(Undo(), 0).cells)
        assert app.canvas.text_rows == whole(game, app.canvas)


async def test_a_resize_neither_moves_nor_loses_a_stroke() -> None:
    game = Sketch(step_length=2)
    app = Stage(game)
    async with app.run_test(size=(60, 20)) as pilot:
        app.draw("right", "up", "right", "down", "down", "left")
        before = game.checksum()
        for size in ((30, 10), (100, 30), (12, 6), (60, 20)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: app.canvas.size == size)  # type: ignore[misc]
            assert app.canvas.text_rows == whole(game, app.canvas)
            assert "◄" in "".join(app.canvas.text_rows)
        assert game.checksum() == before
        assert [row.strip() for row in app.canvas.text_rows if row] == ["╭───╮", "│   │", "╶───╯   │", "│", "◄───╯"]


async def test_the_edge_is_visible() -> None:
    game = Sketch(31, 15, step_length=20)
    app = Stage(game)
    async with app.run_test(size=(60, 30)):
        app.draw("left", "up")
        rows = [row for row in app.canvas.text_rows if row]
        assert rows[0].strip() == "▒" * 33
        assert rows[1].strip() == "▒▲" + " " * 30 + "▒"
        assert len(rows) == 17
