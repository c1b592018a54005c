"""Where the traceback of an error of the program goes: to a file, and not over the player's terminal."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path


def write_crash_log(error: BaseException | None) -> Path:
    """Write an error's traceback to a private file in the folder for temporary files, and return its path."""
    handle, name = tempfile.mkstemp(prefix="voicetrail-", suffix=".log")
    with open(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        traceback.print_exception(error, file=log)
    return Path(name)
