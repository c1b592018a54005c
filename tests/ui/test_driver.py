"""The driver: a frame reaches the terminal's file in one piece, and nothing is lost."""

from __future__ import annotations

import pytest
from textual.drivers.linux_driver import LinuxDriver

from tests.ui.stage import make_app, make_settings
from voicetrail.ui.textual_private.driver import FRAME_BEGINS, FRAME_ENDS, HangupSafeDriver


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes on to the writer's thread."""
    pieces: list[str] = []
    monkeypatch.setattr(LinuxDriver, "write", lambda self, data: pieces.append(data))
    return pieces


@pytest.fixture
async def driver(tmp_path_factory: pytest.TempPathFactory) -> HangupSafeDriver:
    return HangupSafeDriver(make_app(make_settings(tmp_path_factory.mktemp("settings"))))


async def test_a_frame_is_written_in_one_piece(driver: HangupSafeDriver, written: list[str]) -> None:
    for data in ("a", FRAME_BEGINS, "b", "c", FRAME_ENDS, "d"):
        driver.write(data)
    assert written == ["a", FRAME_BEGINS + "bc" + FRAME_ENDS, "d"]


async def test_a_frame_without_its_end_is_not_held_back(driver: HangupSafeDriver, written: list[str]) -> None:
    driver.write(FRAME_BEGINS)
    driver.write("b")
    driver.flush()
    driver.write("c")
    assert written == [FRAME_BEGINS + "b", "c"]


def test_the_marks_are_those_that_textual_writes() -> None:
    from textual._ansi_sequences import SYNC_END, SYNC_START

    assert (FRAME_BEGINS, FRAME_ENDS) == (SYNC_START, SYNC_END)
