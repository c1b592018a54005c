"""Runs jobs with the real TensorFlow.js (``tools/tfjs/check.js``), where Node and its packages are there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

TOOL = Path(__file__).parents[3] / "tools" / "tfjs"
TIMEOUT_S = 280
"""Jobs take some seconds, but on two busy cores Node can starve. Its tests are given 300 s."""


def need_node() -> None:
    """Skip with the reason where it cannot be run."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    if not (TOOL / "node_modules" / "@tensorflow-models" / "speech-commands").is_dir():
        pytest.skip("TensorFlow.js is not installed; `make tfjs` installs it")


def run_jobs(folder: Path, *jobs: dict[str, Any]) -> None:
    """Run jobs in one process; paths in them are strings."""
    need_node()
    listed = folder / "jobs.json"
    listed.write_text(json.dumps(jobs, default=str))
    done = subprocess.run(["node", "check.js", str(listed)], cwd=TOOL, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr[-2000:]


def floats(path: Path, *shape: int) -> npt.NDArray[np.float32]:
    """Numbers that a job wrote."""
    return np.fromfile(path, "<f4").reshape(shape)
