"""Another user of the host can neither read the settings nor hold their locks."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicetrail.settings import load_settings
from voicetrail.settings.files import change_settings_file

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="a second user needs root and setpriv"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that everybody can enter, under a umask that takes nothing away."""
    before = os.umask(0)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
    os.umask(before)


def as_other_user(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program as `nobody`."""
    other = pwd.getpwnam("nobody")
    command = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups", sys.executable, "-c", program]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=30, cwd="/")


@pytest.mark.timeout(60)
def test_another_user_reads_nothing_and_locks_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(env={})
    settings.set("step", 4)
    settings.save_preset("mine")
    change_settings_file(settings.paths.settings, {"margin": 0.2})
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {".state.toml.lock", "state.toml", "settings.toml", ".settings.toml.lock", "mine.toml"} <= {
        path.name for path in files
    }
    for path in files:
        # Even where the folders above are opened by hand: the files themselves are closed.
        for folder in path.relative_to(home).parents:
            (home / folder).chmod(0o755)
        reading = as_other_user("import sys; open(sys.argv[1]).read()", str(path))
        assert "PermissionError" in reading.stderr, path
        locking = as_other_user(
            "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)", str(path)
        )
        assert "PermissionError" in locking.stderr, path
    notices = load_settings(env={}).notices
    assert any("was readable by others" in notice for notice in notices)
    listing = as_other_user("import os, sys; os.listdir(sys.argv[1])", str(settings.paths.settings.parent))
    assert "PermissionError" in listing.stderr
