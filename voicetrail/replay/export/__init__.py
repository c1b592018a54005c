"""A kept session as a file that other programs know: the ending of the name says which."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from voicetrail.errors import ReplayError, UsageError
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

ENDINGS: Mapping[str, str] = {
    ".cast": "cast",
    ".gif": "raster",
    ".png": "raster",
    ".svg": "svg",
    ".txt": "plain",
    ".ans": "plain",
    ".wav": "sound",
}
"""The module of each ending; it has a function ``write_<ending>(timeline, options, file, progress)``."""

Report = Callable[[float], None]
"""Is told which part is done, between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to export; what an ending does not know is passed over."""

    speed: float | None = None
    """Seconds of the session in a second; ``None`` fits pictures that move into ``FIT_MS`` and leaves casts as they were."""
    idle: float | None = None
    """Longest pause in s; ``None`` takes the ending's own."""
    animate: bool = False
    """Draw the svg as it was drawn."""
    cast_version: int = 3
    columns: int = 80
    rows: int = 24
    """Size of the terminal of a cast."""
    plain: bool = False
    """ASCII characters only."""


def export(
    timeline: Timeline, out: Path, options: Options | None = None, *, force: bool = False, progress: Report = lambda part: None
) -> None:
    """Write a session to a file.

    Args:
        timeline: the session.
        out: the file; its ending decides what it is.
        options: how.
        force: write over a file that is there.
        progress: is told how far it is.

    Raises:
        UsageError: the ending is none of those known.
        ReplayError: the file cannot be written, or what it needs is missing.
    """
    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{printable(out.name)}: the name has to end in one of {', '.join(ENDINGS)}")
    if out.resolve() in (timeline.recording.path.resolve(), timeline.recording.path.with_suffix(".flac").resolve()):
        raise UsageError(f"{printable(out.name)} is the session itself; name another file")
    module = import_module(f"voicetrail.replay.export.{ENDINGS[ending]}")
    write: Callable[[Timeline, Options, BinaryIO, Report], None] = getattr(module, f"write_{ending[1:]}")
    try:
        file: BinaryIO = open(out, "wb" if force else "xb")  # noqa: SIM115
    except FileExistsError as error:
        raise ReplayError(f"{printable(out)} exists already; name another file, or add --force to write over it") from error
    except (OSError, ValueError) as error:
        raise ReplayError(f"cannot write {printable(out)}: {getattr(error, 'strerror', None) or error}") from error
    try:
        with file:
            write(timeline, options or Options(), file, progress)
    except BaseException as error:
        # What is half written is of no use.
        with contextlib.suppress(OSError):
            out.unlink()
        if isinstance(error, OSError):
            raise ReplayError(f"cannot write {printable(out)}: {error.strerror or error}") from error
        raise
