"""A round from its beginning, and another one like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicetrail.game import RoundSetup
from voicetrail.play.rounds.setups import restarted, same_again
from voicetrail.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({}, env={"VOICETRAIL_CONFIG_DIR": str(tmp_path), "VOICETRAIL_STATE_DIR": str(tmp_path)})


def test_a_restarted_maze_is_the_same_and_another_one_is_not(settings: Settings) -> None:
    maze = RoundSetup("maze", "small", 2_000_000, fog=True)
    assert restarted(maze, settings) == maze
    again = same_again(maze, settings)
    assert (again.level, again.fog) == ("small", True)
    assert again.seed != maze.seed


@pytest.mark.parametrize("mode", ["snake", "echo"])
def test_what_a_player_could_know_by_heart_changes_at_a_restart(settings: Settings, mode: str) -> None:
    setup = RoundSetup(mode, "", 2_000_000)  # type: ignore[arg-type]
    assert restarted(setup, settings).seed != setup.seed, "new seeds are below a million"
