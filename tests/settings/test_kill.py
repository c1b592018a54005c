"""A game that is killed while it keeps its settings, two hundred times."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from voicetrail.settings import load_settings
from voicetrail.settings.files import change_state

KILLS = 200


def _write_for_ever(path: Path, note: int) -> None:
    """Write state as fast as the disk allows, telling each start and end of a write through a pipe."""
    value = 0
    while True:
        value += 1
        change_state(path, {"step": value % 20 + 1, "thresholds.left": 0.5, "source": "x" * (value % 500)})
        os.write(note, b".")


def kill_writers(state_file: Path) -> int:
    """Kill one writer after another, each at a random moment, and look at the file after each; returns how often it was written."""
    rng = random.Random(7)
    written = 0
    for _ in range(KILLS):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                _write_for_ever(state_file, writer)
            finally:
                os._exit(1)
        os.close(writer)
        os.read(reader, 1)
        time.sleep(rng.uniform(0.0, 0.012))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the writer ended by itself"
        written += 1 + len(os.read(reader, 65536))
        os.close(reader)
        kept = tomllib.loads(state_file.read_text())
        assert set(kept) == {"step", "thresholds", "source"}
        assert kept["thresholds"] == {"left": 0.5}
    return written


@pytest.mark.e2e
def test_state_file_is_complete_after_every_kill(state_file: Path, env: dict[str, str]) -> None:
    # In a process of its own: to fork one that has loaded all that tests load would take longer than everything else here.
    line = (
        "import sys; from pathlib import Path; from tests.settings.test_kill import kill_writers;"
        "print(kill_writers(Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", line, str(state_file)], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > KILLS
    settings = load_settings(env=env)
    assert settings.notices == ()
    settings.set("step", 9)
    left = sorted(path.name for path in state_file.parent.iterdir())
    assert left == [".state.toml.lock", "state.toml"], "half-written files are swept up by the next write"
