"""From the game: record, mark, and play the session from the list."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.ui.stage import make_app, make_settings, sketch
from voicetrail.game.glyphs import BOX_GLYPHS
from voicetrail.replay import library
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.ui.screens.replay import ReplayScreen
from voicetrail.ui.screens.replays import ReplaysScreen
from voicetrail.ui.screens.round import RoundScreen


async def test_record_mark_and_replay_without_leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    app = make_app(make_settings(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("up", "m")
        game = app.screen_stack[-1]
        assert isinstance(game, RoundScreen)
        assert "press r to start one" in game.message.text_rows[0]
        await pilot.press("r")
        assert "● REC 0:00" in game.message.text_rows[0]
        await pilot.press("right", "right", "u", "m", "down")
        await pilot.press("r")
        assert "REC" not in game.message.text_rows[0]
        assert "recorded to" in game.message.message
        drawn = BOX_GLYPHS.rows(sketch(game).trail)
        await pilot.press("l")
        await pilot.pause()
        listed = app.screen_stack[-1]
        assert isinstance(listed, ReplaysScreen)
        assert listed.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        await pilot.pause()
        player = app.screen_stack[-1]
        assert isinstance(player, ReplayScreen)
        await pilot.press("end")
        rows = [row.strip() for row in player.board.canvas.text_rows if row.strip()]
        assert rows == [row.strip() for row in drawn]
        await pilot.press("q", "escape")
        assert app.screen_stack[-1] is game
    (path,) = library.folder().glob("*.trail")
    timeline = Timeline(read(path))
    assert timeline.replay.whole
    assert timeline.differences == []
    assert len(timeline.markers) == 1
