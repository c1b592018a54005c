"""The file: a JSON header, then one line for each event, in the style of asciicast v3.

    {"version": 1, "type": "voicetrail", "rules": 1, "canvas": [513, 257], …}
    [0.512, "w", ["up", 0.9312, 8320]]
    [0.001, "i", {"do": "step", "direction": "up", "by": "voice"}]

The first field of a line is the time since the previous line, in seconds, rounded to milliseconds. It can be slightly negative:
events of the listening thread and the game's thread are written in the order in which they reach the writer, each with its own
time. ``codes`` lists the codes; a reader counts and skips lines with other codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from voicetrail.errors import ReplayError
from voicetrail.game.inputs import MOVEMENTS, SILENCE_RANGE, SPEED_RANGE, STEP_RANGE
from voicetrail.game.setup import SIZE_RANGE, RoundSetup, choices_from_json, choices_to_json
from voicetrail.replay.file.codes import CODES, from_line, to_line
from voicetrail.replay.file.entries import Entry, Value
from voicetrail.replay.file.fields import SCALAR, TEXT, TIME, MapOf, Number, Object, OneOf, Row, Text, Whole
from voicetrail.text import printable

VERSION = 2
"""Version of the file's format."""
SKETCH_VERSION = 1
"""Version of a file that earlier versions of the program, which have no other mode, can read as well."""
TYPE = "voicetrail"
SUFFIX = ".trail"
SOUND_SUFFIX = ".flac"

BACK_MAX_S = 24 * 3600
"""How far the time of a line may lie before that of the previous line, in s."""
AHEAD_MAX_S = 7 * 24 * 3600
"""How far after it, in s."""
INTERVAL = Number(-BACK_MAX_S, AHEAD_MAX_S)
"""The first field of a line."""
_CODE = Text(20)
_START = re.compile(r'\[(-?[0-9]{1,9}(?:\.[0-9]{1,6})?), ?"([^"\\]{1,20})",')
"""The beginning of a line that this program wrote."""

HEADER = Object(
    {
        "rules": Whole(1, 10_000),
        "canvas": Row(columns=Whole(*SIZE_RANGE), rows=Whole(*SIZE_RANGE)),
        "step": Whole(*STEP_RANGE),
        "mode": OneOf(MOVEMENTS),
        "glide": Row(speed=Number(*SPEED_RANGE), silence=Number(*SILENCE_RANGE)),
        "date": Text(64),
        "title": TEXT,
        "began_ms": TIME,
        "vocabulary": TEXT,
        "source": TEXT,
        "weights": TEXT,
        "weights_hash": TEXT,
        "settings": MapOf(SCALAR),
        "sound": TEXT,
        "program": TEXT,
    },
    {
        "rules": 1,
        "step": 2,
        "mode": "step",
        "glide": [6.0, 8.0],
        "date": "",
        "title": "",
        "began_ms": 0,
        "vocabulary": "",
        "source": "",
        "weights": "",
        "weights_hash": "",
        "settings": {},
        "sound": "",
        "program": "",
    },
)
"""The values of the header and their bounds. ``mode`` is the movement, under the name that the first version gave it. The
mode of the game and its choices are in ``round`` (``game.setup``)."""


@dataclass(frozen=True, slots=True)
class Header:
    """What applies to the whole file: enough to start the same game."""

    date: str = ""
    """When recording began, ISO 8601 with the offset to UTC."""
    title: str = ""
    setup: RoundSetup = field(default_factory=RoundSetup)
    """What the round began with: the mode and its choices, and the version of the rules."""
    began_ms: int = 0
    """Time of the session's clock at which recording began."""
    vocabulary: str = ""
    source: str = ""
    weights: str = ""
    weights_hash: str = ""
    """SHA-256 of the weights; empty where they were not loaded yet (then the line ``e`` has it)."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    sound: str = ""
    """Name of the sound file beside this one; empty without sound."""
    program: str = ""
    """The version of voicetrail that wrote it."""


def write_header(header: Header) -> str:
    """The header as a line, each value within its bounds."""
    setup = header.setup
    values = {name: getattr(header, name) for name in header.__slots__}
    values["rules"] = setup.rules
    values["canvas"] = (setup.width, setup.height)
    values["step"] = setup.step_length
    values["mode"] = setup.movement
    values["glide"] = (setup.glide_speed, setup.glide_silence)
    choices = choices_to_json(setup)
    version = VERSION if setup.mode != "sketch" else SKETCH_VERSION
    return _dump({"version": version, "type": TYPE, **HEADER.write(values), **({"round": choices} if choices else {})})


def read_header(line: str) -> Header:
    """Read the header's line.

    Raises:
        ReplayError: the line is not a header, or its version is not known.
    """
    values = parse(line)
    if not isinstance(values, dict) or values.get("type") != TYPE:
        raise ReplayError("this is not a voicetrail replay: its first line is not a header of one")
    version = values.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ReplayError(
            f"written by a newer voicetrail (format {printable(version, 20)}, this one reads up to {VERSION}): update it"
        )
    if version not in (SKETCH_VERSION, VERSION) or isinstance(version, bool):
        raise ReplayError("the header has no version that this program knows")
    try:
        known = HEADER.read(values)
        width, height = known.pop("canvas")
        speed, silence = known.pop("glide")
        setup = choices_from_json(
            values.get("round", {}),
            rules=known.pop("rules"),
            width=width,
            height=height,
            step_length=known.pop("step"),
            movement=known.pop("mode"),
            glide_speed=speed,
            glide_silence=silence,
        )
    except ValueError as error:
        raise ReplayError(f"the header is damaged: {error}") from error
    return Header(setup=setup, **known)


def write_entry(entry: Entry, before_ms: int) -> tuple[str, int]:
    """An entry as a line.

    Args:
        entry: what happened.
        before_ms: the time of the line before.

    Returns:
        The line, and the time that a reader will give it: the entry's time, moved into the bounds.
    """
    code, data = to_line(entry.item)
    interval = INTERVAL.write((entry.at_ms - before_ms) / 1000)
    return _dump([interval, code, data]), _after(before_ms, interval)


def read_entry(line: str, before_ms: int) -> Entry | int:
    """Read a line.

    Args:
        line: the line.
        before_ms: the time of the line before.

    Returns:
        What it holds, or only its time in ms where this program does not know its code.

    Raises:
        ValueError: the line is malformed.
    """
    begin = _START.match(line)
    if begin is not None and begin[2] not in CODES:
        # Not parsed further: such a line may hold anything.
        return _after(before_ms, INTERVAL.read(float(begin[1])))
    values = parse(line)
    if not isinstance(values, list) or len(values) != 3:
        raise ValueError("not a list of three")
    at_ms = _after(before_ms, INTERVAL.read(values[0]))
    code = _CODE.read(values[1])
    return Entry(at_ms, from_line(code, values[2])) if code in CODES else at_ms


def _after(before_ms: int, interval_s: float) -> int:
    return max(0, before_ms + round(1000 * interval_s))


def parse(line: str) -> object:
    """Read JSON; ``None`` for anything that is not valid (including too deep nesting and too long numbers)."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
