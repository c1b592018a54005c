"""The microphone screen with inputs of a real sound server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.e2e.lab import VirtualMicrophone
from tests.ui.stage import make_app, make_settings
from tests.ui.waiting import until
from voicetrail.settings import load_settings
from voicetrail.ui.screens.microphone import InputList, MicrophoneScreen


async def test_inputs_are_listed_with_their_levels_and_one_is_remembered_by_name(
    virtual_mic: VirtualMicrophone, home: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    virtual_mic.activate(monkeypatch)
    settings = make_settings(tmp_path)
    app = make_app(settings)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("d")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, MicrophoneScreen)
        rows = screen.query_one(InputList)
        await until(pilot, lambda: any(each.name == "pulse" for each in rows.inputs))
        assert rows.chosen == 0
        await until(pilot, lambda: rows.meters is not None and rows.meters.levels)
        quiet = max(row.count("━") for row in rows.text_rows)
        rng = np.random.default_rng(1)
        virtual_mic.play_samples((0.3 * rng.standard_normal(48_000)).clip(-1, 1).astype(np.float32), wait=False)
        await until(pilot, lambda: max(row.count("━") for row in rows.text_rows) > quiet + 8)
        index = next(number for number, each in enumerate(rows.inputs, 1) if each.name == "pulse")
        await pilot.press(*["down"] * (index - rows.cursor), "enter")
        assert settings["device"] == "pulse"
        assert rows.text_rows[index].startswith("▸ ● pulse")
        first = rows.meters
        await pilot.press("r")
        await until(pilot, lambda: rows.meters is not first and rows.chosen == index)
        await pilot.press("escape")
        assert not isinstance(app.screen, MicrophoneScreen)
        meters = screen._meters
        assert meters is not None
        await until(pilot, lambda: meters.join(0.0))
    kept = load_settings(
        env={"VOICETRAIL_CONFIG_DIR": str(tmp_path / "config"), "VOICETRAIL_STATE_DIR": str(tmp_path / "state")}
    )
    assert kept["device"] == "pulse"
