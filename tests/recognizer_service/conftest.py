from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicetrail.spotting.recognizer import Recognizer, load_recognizer


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer()
