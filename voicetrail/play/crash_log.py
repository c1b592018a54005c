"""Writes the traceback of an internal error to a file, and not to the player's terminal."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path


def write_crash_log(error: BaseException | None) -> Path:
    """Write the traceback of an error to a private temporary file; return its path."""
    handle, name = tempfile.mkstemp(prefix="voicetrail-", suffix=".log")
    with open(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        traceback.print_exception(error, file=log)
    return Path(name)
