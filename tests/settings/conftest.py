from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment whose settings lie in a folder of the test's own; the process's is the same, for commands."""
    own = {"VOICETRAIL_CONFIG_DIR": str(tmp_path / "config"), "VOICETRAIL_STATE_DIR": str(tmp_path / "state")}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    return own


@pytest.fixture
def settings_file(env: dict[str, str]) -> Path:
    """Where the settings file belongs; its folder is there."""
    path = Path(env["VOICETRAIL_CONFIG_DIR"]) / "settings.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def state_file(env: dict[str, str]) -> Path:
    """Where keys are kept; its folder is there."""
    path = Path(env["VOICETRAIL_STATE_DIR"]) / "state.toml"
    path.parent.mkdir(parents=True)
    return path
