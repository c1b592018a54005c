"""The file: a JSON header, then a line each for what happened, in the manner of asciicast v3.

    {"version": 1, "type": "voicetrail", "rules": 1, "canvas": [513, 257], …}
    [0.512, "w", ["up", 0.9312, 8320]]
    [0.001, "i", {"do": "step", "direction": "up", "by": "voice"}]

The first field of a line is the time since the line before, in seconds, kept in whole milliseconds. It can be a little below
zero: what the listening thread and the game's thread tell at the same moment is written in the order in which it came to the
writer, each with its own time. Codes are listed in ``codes``; a reader passes over those that it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from voicetrail.errors import ReplayError
from voicetrail.game.inputs import MOVEMENTS, SILENCE_RANGE, SPEED_RANGE, STEP_RANGE, Movement
from voicetrail.game.trail import HEIGHT, WIDTH
from voicetrail.replay.file.codes import from_line, to_line
from voicetrail.replay.file.entries import Entry, Item, Value
from voicetrail.replay.file.fields import number, plain, row, table, text, whole
from voicetrail.text import printable

VERSION = 1
"""Version of the file's format."""
TYPE = "voicetrail"
SUFFIX = ".trail"
SOUND_SUFFIX = ".flac"

BACK_MAX_MS = 60_000
"""How far the time of a line may lie before that of the line before."""
AHEAD_MAX_MS = 7 * 24 * 3_600_000
"""How far after it."""
CANVAS_MAX = 1024
"""Most columns or rows of a drawing that a reader takes."""


@dataclass(frozen=True, slots=True)
class Header:
    """What holds for the whole file: enough to begin the same game."""

    date: str = ""
    """When recording began, ISO 8601 with the offset to UTC."""
    title: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    step: int = 2
    mode: Movement = "step"
    glide_speed: float = 6.0
    glide_silence: float = 2.0
    began_ms: int = 0
    """Time of the session's clock at which recording began."""
    rules: int = 1
    """``game.Sketch.rules_version`` of the game that was played."""
    seed: int = 0
    vocabulary: str = ""
    source: str = ""
    weights: str = ""
    weights_hash: str = ""
    """SHA-256 of the weights; empty where they were not loaded yet (the line ``e`` tells then)."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    sound: str = ""
    """Name of the sound file beside this one; empty without."""
    program: str = ""
    """The version of voicetrail that wrote it."""


def write_header(header: Header) -> str:
    """The header as a line."""
    return _dump(
        {
            "version": VERSION,
            "type": TYPE,
            "rules": header.rules,
            "canvas": [header.width, header.height],
            "step": header.step,
            "mode": header.mode,
            "glide": [header.glide_speed, header.glide_silence],
            "date": header.date,
            "title": header.title,
            "began_ms": header.began_ms,
            "seed": header.seed,
            "vocabulary": header.vocabulary,
            "source": header.source,
            "weights": header.weights,
            "weights_hash": header.weights_hash,
            "settings": dict(header.settings),
            "sound": header.sound,
            "program": header.program,
        }
    )


def read_header(line: str) -> Header:
    """Read the header's line.

    Raises:
        ReplayError: the line is no header, or that of a version that this program does not know.
    """
    values = parse(line)
    if not isinstance(values, dict) or values.get("type") != TYPE:
        raise ReplayError("this is no voicetrail replay: its first line is not a header of one")
    version = values.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ReplayError(
            f"written by a newer voicetrail (format {printable(version, 20)}, this one reads up to {VERSION}): update it"
        )
    if version != VERSION:
        raise ReplayError("the header has no version that this program knows")
    try:
        return _header(values)
    except ValueError as error:
        raise ReplayError(f"the header is damaged: {error}") from error


def _header(values: dict[str, object]) -> Header:
    table(values)
    width, height = row(values.get("canvas"), 2)
    mode = values.get("mode", "step")
    if mode not in MOVEMENTS:
        raise ValueError("no such mode")
    speed, silence = row(values.get("glide", [6.0, 2.0]), 2)
    return Header(
        date=text(values.get("date", ""), 64),
        title=text(values.get("title", "")),
        width=whole(width, 1, CANVAS_MAX),
        height=whole(height, 1, CANVAS_MAX),
        step=whole(values.get("step", 2), *STEP_RANGE),
        mode="glide" if mode == "glide" else "step",
        glide_speed=number(speed, *SPEED_RANGE),
        glide_silence=number(silence, *SILENCE_RANGE),
        began_ms=whole(values.get("began_ms", 0)),
        rules=whole(values.get("rules", 1)),
        seed=whole(values.get("seed", 0)),
        vocabulary=text(values.get("vocabulary", "")),
        source=text(values.get("source", "")),
        weights=text(values.get("weights", "")),
        weights_hash=text(values.get("weights_hash", "")),
        settings={name: plain(value) for name, value in table(values.get("settings", {})).items()},
        sound=text(values.get("sound", "")),
        program=text(values.get("program", "")),
    )


def write_entry(entry: Entry, before_ms: int) -> str:
    """An entry as a line, ``before_ms`` being the time of the line before."""
    code, data = to_line(entry.item)
    return _dump([(entry.at_ms - before_ms) / 1000, code, data])


def read_entry(line: str, before_ms: int) -> Entry:
    """Read a line, ``before_ms`` being the time of the line before.

    Raises:
        ValueError: the line is not what a line has to be.
    """
    interval, code, data = row(parse(line), 3)
    passed = round(1000 * number(interval, -BACK_MAX_MS / 1000, AHEAD_MAX_MS / 1000))
    item: Item = from_line(text(code, 20), data)
    return Entry(max(0, before_ms + passed), item)


def parse(line: str) -> object:
    """Read JSON; ``None`` for what is none (too deep and too long numbers among it)."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
