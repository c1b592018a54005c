from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.screen import Screen

from voicetrail.audio.devices import InputDevice
from voicetrail.audio.level import Loudness
from voicetrail.ui.app import TrailApp
from voicetrail.ui.screens.microphone import InputList

INPUTS = (InputDevice(3, "Built-in", True, 48_000, 2), InputDevice(5, "USB headset", False, 16_000, 1))


class Levels:
    """Meters at rest."""

    def __init__(self, levels: dict[int, Loudness], problems: dict[int, str]) -> None:
        self.levels, self.problems = levels, problems


class ListScreen(Screen[None]):
    """The list alone."""

    def compose(self) -> ComposeResult:
        yield InputList(id="list")


async def test_the_list_shows_a_level_for_each_input_and_marks_the_one_in_use() -> None:
    app = TrailApp(ListScreen)
    async with app.run_test(size=(80, 20)) as pilot:
        rows = app.screen.query_one(InputList)
        rows.meters = Levels({3: Loudness(-30.0, -20.0, False), 5: Loudness(-1.0, 0.0, True)}, {})  # type: ignore[assignment]
        rows.set_inputs(INPUTS, "usb")
        assert rows.chosen == rows.cursor == 2
        follow, built_in, usb = rows.text_rows
        assert "the system's default (Built-in)" in follow
        assert built_in.count("━") == 10
        assert built_in.endswith("-30 dB")
        assert usb.startswith("▸ ● USB headset")
        assert usb.endswith("CLIP")
        rows.focus()
        await pilot.press("up", "up", "up")
        assert rows.cursor == 0
        rows.set_inputs(INPUTS, "")
        assert rows.chosen == 0
        rows.set_inputs([replace(INPUTS[0], name="default")], "")
        assert [row[4:30].rstrip() for row in rows.text_rows] == ["the system's default", "the default microphone"]
        rows.set_inputs(INPUTS, "gone away")
        assert rows.chosen == -1
        rows.meters = Levels({}, {3: "busy"})  # type: ignore[assignment]
        rows.rebuild()
        assert "in use" in rows.text_rows[1]
