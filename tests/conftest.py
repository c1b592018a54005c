"""What all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.disks import small_disk

# Two workers share the tests (make test): were each to use every core for a product of small matrices, they would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No example is judged by how long it took: on a machine that is busy with others every one is slow at times.
settings.register_profile("voicetrail", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("voicetrail")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, for a test to fill."""
    with small_disk(tmp_path / "disk") as place:
        yield place


def pytest_collection_finish() -> None:
    """Look no more through what was imported and collected for garbage: it stays, and it takes a second each time."""
    gc.collect()
    gc.freeze()
