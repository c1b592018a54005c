from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region

from voicetrail.ui.style.look import Look, make_look
from voicetrail.ui.widgets.rows import Rows
from voicetrail.ui.widgets.wrap import wrap_text

PLAIN, BOLD = Style(), Style(bold=True)


class Watched(Rows):
    """Notes what it asks to be painted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int, int]] = []

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Watched:
        if regions and hasattr(self, "asked"):
            self.asked += [(region.y, region.x, region.right) for region in regions]
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class Stage(App[None]):
    look: Look = make_look({}, ansi=True, ascii_only=True)

    def compose(self) -> ComposeResult:
        yield Watched()


async def test_only_the_cells_that_differ_are_painted() -> None:
    async with Stage().run_test(size=(60, 3)) as pilot:
        rows = pilot.app.query_one(Watched)
        rows.put(0, [("left", PLAIN), (" .97", BOLD)])
        assert rows.asked == [(0, 0, 8)]
        rows.asked.clear()
        rows.put(0, [("left", PLAIN), (" .92", BOLD)])
        assert rows.asked == [(0, 7, 8)]
        rows.asked.clear()
        rows.put(0, [("left .92", PLAIN)])
        assert rows.asked == [(0, 5, 8)], "another style is another look; that of a blank is not seen"
        rows.asked.clear()
        rows.put(0, [("left .92   ", PLAIN)])
        assert rows.asked == [], "blanks at the end look like nothing"
        rows.put(0, [("L", PLAIN), ("eft .92" + " " * 20 + "x", PLAIN)])
        assert rows.asked == [(0, 0, 1), (0, 28, 29)]


async def test_wide_characters_take_two_cells() -> None:
    async with Stage().run_test(size=(20, 3)) as pilot:
        rows = pilot.app.query_one(Watched)
        rows.put(0, [("マイク", PLAIN), ("1", BOLD)])
        strip = rows.render_line(0)
        assert strip.cell_length == 20
        assert strip.text == "マイク1" + " " * 13


async def test_a_wide_character_that_changes_is_painted_whole() -> None:
    async with Stage().run_test(size=(20, 3)) as pilot:
        rows = pilot.app.query_one(Watched)
        rows.put(0, [("マイク1", PLAIN)])
        rows.asked.clear()
        rows.put(0, [("マカク1", PLAIN)])
        assert rows.asked == [(0, 2, 4)]
        assert rows.render_span(Region(2, 0, 2, 1)).text == "カ"


async def test_removed_rows_are_blank() -> None:
    async with Stage().run_test(size=(20, 4)) as pilot:
        rows = pilot.app.query_one(Watched)
        for y in range(3):
            rows.put(y, [(f"row {y}", PLAIN)])
        rows.truncate(1)
        assert rows.text_rows == ["row 0"]
        assert rows.render_line(2).text.strip() == ""


async def test_marks_without_a_cell_of_their_own_stay_with_their_letter() -> None:
    async with Stage().run_test(size=(60, 3)) as pilot:
        rows = pilot.app.query_one(Watched)
        text = "दायाँ 右\u0300 x\u0301y"
        rows.put(0, [(text, PLAIN), ("!", BOLD)])
        assert rows.text_rows == [f"{text}!"]
        assert rows.asked == [(0, 0, cell_len(text) + 1)]


@given(st.text("ab- 右語é", max_size=60), st.integers(4, 30))
def test_text_is_wrapped_by_the_cells_that_it_takes(text: str, width: int) -> None:
    lines = wrap_text(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
