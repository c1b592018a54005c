"""Exports a recorded session for other programs; the suffix of the file name decides the format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from voicetrail.atomic import replacing
from voicetrail.errors import ReplayError, UsageError, reason_of
from voicetrail.progress import Report, report_nothing
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


@dataclass(frozen=True, slots=True)
class Options:
    """How to export; a format ignores the options that it does not use."""

    speed: float | None = None
    """Seconds of the session shown in a second; ``None`` fits animations into ``FIT_MS`` and leaves casts at their own
    speed."""
    idle: float | None = None
    """Longest pause in s; ``None`` takes the format's default (1 s; 10 s for casts)."""
    animate: bool = False
    """Let the svg draw itself as it was drawn."""
    cast_version: int = 3
    columns: int = 80
    rows: int = 24
    """Size of the terminal of a cast."""
    plain: bool = False
    """ASCII characters only."""


def export(
    timeline: Timeline, out: Path, options: Options | None = None, *, force: bool = False, progress: Report = report_nothing
) -> None:
    """Write a session to a file, completely or not at all, readable only by its owner.

    Args:
        timeline: the session.
        out: the file; its ending decides what it is.
        options: how.
        force: write over a file that is there.
        progress: called with the part that is done.

    Raises:
        UsageError: the ending is not known.
        ReplayError: the file cannot be written, or what it needs is missing.
    """
    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{printable(out.name)}: the name must end in one of {', '.join(ENDINGS)}")
    module = import_module(f"voicetrail.replay.export.{ENDINGS[ending]}")
    write: Callable[[Timeline, Options, BinaryIO, Report], None] = getattr(module, f"write_{ending[1:]}")
    try:
        session = timeline.replay.path
        if out.resolve() in (session.resolve(), session.with_suffix(".flac").resolve()):
            raise UsageError(f"{printable(out.name)} is the session itself; name another file")
        if not force and os.path.lexists(out):
            raise ReplayError(f"{printable(out)} exists already; name another file, or overwrite it with --force")
        if not out.parent.is_dir():
            raise ReplayError(f"cannot write {printable(out)}: there is no folder {printable(out.parent)}")
        with replacing(out) as file:
            write(timeline, options or Options(), file, progress)
    except (OSError, ValueError) as error:  # a path with a NUL in it is a ValueError
        raise ReplayError(f"cannot write {printable(out)}: {reason_of(error)}") from error
