"""The session as a recording of a terminal: asciicast v3 (asciinema 3) or v2.

Formats: https://docs.asciinema.org/manual/asciicast/v3/ and …/v2/.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from voicetrail.errors import ReplayError, UsageError
from voicetrail.events import WordHeard
from voicetrail.progress import Report
from voicetrail.replay.export import Options
from voicetrail.replay.export.moments import Pace, moments
from voicetrail.replay.export.screen import LIT_MS, SMALLEST, Painter
from voicetrail.replay.player import Player
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

FRAME_MS = 100
"""Time between two frames that show the scores."""
IDLE_MS = 10_000
"""Longest pause, unless ``--idle`` says another."""
FRAMES_MAX = 500_000
"""Most frames: about fourteen hours with scores."""
LARGEST = (500, 200)
_BEGIN = "\x1b[?25l\x1b[2J\x1b[H"
_END = "\x1b[0m\x1b[?25h"


def write_cast(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the session.

    Raises:
        UsageError: the terminal's size or the version is not possible.
        ReplayError: the session is too long.
    """
    columns, rows = options.columns, options.rows
    if not (SMALLEST[0] <= columns <= LARGEST[0] and SMALLEST[1] <= rows <= LARGEST[1]):
        raise UsageError(f"a cast needs a size from {SMALLEST[0]}x{SMALLEST[1]} to {LARGEST[0]}x{LARGEST[1]}")
    if options.cast_version not in (2, 3):
        raise UsageError("the version of a cast is 2 or 3")
    frames = _frames(timeline)
    idle_ms = IDLE_MS if options.idle is None else 1000 * options.idle
    pace = Pace.of(frames, speed=options.speed or 1.0, idle_ms=idle_ms)
    file.write(_line(_header(timeline, options, pace.shown[-1])))
    before = 0
    for at_ms, code, data in _events(timeline, options, frames, progress):
        shown_ms = round(pace(at_ms))
        time = (shown_ms if options.cast_version == 2 else shown_ms - before) / 1000
        before = shown_ms
        file.write(_line([time, code, data]))
    progress(1.0)


def _frames(timeline: Timeline) -> list[int]:
    """The moments to draw: those at which something may look different."""
    frames = {0, timeline.duration_ms, *timeline.stops}
    frames |= {at_ms for at_ms, _, _ in moments(timeline)}
    frames |= {entry.at_ms + LIT_MS for entry in timeline.detected if isinstance(entry.item, WordHeard)}
    for at_ms in timeline.scores.hop_times():
        frames.add(-(-int(at_ms) // FRAME_MS) * FRAME_MS)
        if len(frames) > FRAMES_MAX:
            raise ReplayError("the session is too long for a cast; export a gif, which fits it into half a minute")
    return sorted(at_ms for at_ms in frames if 0 <= at_ms <= timeline.duration_ms)


def _header(timeline: Timeline, options: Options, shown_ms: float) -> dict[str, object]:
    title = printable(timeline.header.title or timeline.replay.path.stem)
    about: dict[str, object] = {"title": title, "env": {"TERM": "xterm-256color"}}
    # Without a date there is no timestamp; in both versions it is optional.
    with contextlib.suppress(ValueError, OverflowError, OSError):
        about["timestamp"] = max(0, int(datetime.fromisoformat(timeline.header.date).timestamp()))
    if options.cast_version == 2:
        return {"version": 2, "width": options.columns, "height": options.rows, "duration": round(shown_ms / 1000, 3), **about}
    term = {"cols": options.columns, "rows": options.rows, "type": "xterm-256color"}
    return {"version": 3, "term": term, **about}


def _events(timeline: Timeline, options: Options, frames: list[int], progress: Report) -> Iterator[tuple[int, str, str]]:
    """The output that turns each frame into the next, markers, and in version 3 the exit."""
    painter = Painter(timeline, options.columns, options.rows, plain=options.plain)
    player = Player(timeline, lambda: 0.0)
    markers = [(entry.at_ms, getattr(entry.item, "label", "")) for entry in reversed(timeline.markers)]
    shown = [""] * options.rows
    yield 0, "o", _BEGIN
    for number, at_ms in enumerate(frames):
        while markers and markers[-1][0] <= at_ms:
            yield markers[-1][0], "m", printable(markers.pop()[1])
        cells = player.go(at_ms)
        rows = painter.paint(player.game, at_ms, cells if number else None)
        output = "".join(
            f"\x1b[{y};1H{row}\x1b[K" for y, (row, old) in enumerate(zip(rows, shown, strict=True), 1) if row != old
        )
        if output:
            yield at_ms, "o", output
            shown = rows
        progress(number / len(frames))
    yield timeline.duration_ms, "o", _END + f"\x1b[{options.rows};{options.columns}H"
    if options.cast_version == 3:
        yield timeline.duration_ms, "x", "0"


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(", ", ": ")).encode() + b"\n"
