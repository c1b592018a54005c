"""What Textual does not promise: a readable failure when one of its private names changes, and a game that goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.stage import make_app, make_settings, round_screen, sketch
from voicetrail.ui.textual_private import fast_screen, names
from voicetrail.ui.textual_private.diff_compositor import DiffCompositor


def test_this_textual_has_every_private_name_that_is_used() -> None:
    assert not names.missing_names(), "Textual changed: see voicetrail/ui/textual_private/names.py"


def test_missing_private_names_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        names, "USED", {"textual.screen:Screen._no_such_name": "", "textual.widget:Widget._set_dirty": "self, region"}
    )
    assert names.missing_names() == (
        "textual.screen:Screen._no_such_name is missing",
        "textual.widget:Widget._set_dirty takes (self, *regions) and not (self, region)",
    )


async def test_without_the_private_names_the_game_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_screen, "FAST", False)
    app = make_app(make_settings(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("right", "down")
        assert not isinstance(round_screen(app)._compositor, DiffCompositor)
        assert sketch(round_screen(app)).tally.strokes == 2


async def test_an_update_that_cannot_be_reduced_is_textuals_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiffCompositor, "_rows_only", lambda self, spans: 1 / 0)
    app = make_app(make_settings(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("right")
        assert sketch(round_screen(app)).tally.strokes == 1
