"""What goes between the host and the recognizer's process: a JSON object a line, on a socket that only these two have.

To the process: ``{"id", "do", …}`` with ``do`` one of ``add``, ``remove``, ``sound``, ``status``. Back: ``{"id", "result"}`` or
``{"id", "error"}`` for each, ``{"ready": labels}`` first, and ``{"report", "visitor", "text"}`` for what happens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import quote, urlencode

from voicetrail.detector_settings import DetectorSettings
from voicetrail.errors import RemoteError
from voicetrail.text import printable

LINE_LIMIT = 64 * 1024
"""Bytes of one message."""
REPORT_LIMIT = 300
"""Characters of a report."""

Kind = Literal["started", "died", "cut off", "client", "busy", "failed"]
"""What is reported: the process runs, or has died and is started again; a visitor's sound was cut off for good; a program at a
visitor's words was refused or sent something invalid; the recognizer cannot keep up with all, or can again; an error of ours."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """Something that the host's log should have: a line, without voices or names of devices."""

    kind: Kind
    text: str
    visitor: str = ""
    """Whom it is about; empty for the service itself."""


@dataclass(frozen=True, slots=True)
class VisitorSound:
    """Where a visitor's sound comes from, and how it is to be judged at first; the visitor's game sends its own settings later."""

    folder: Path
    """The visitor's own (mode 0700): the socket for the words is made in it."""
    sound: Path | None = None
    """Unix socket that serves the sound; ``None`` for no microphone yet (``RecognizerService.set_sound``)."""
    weights: str = "directional4w"
    """Name or path of the weights, chosen by the host."""
    settings: DetectorSettings | None = None
    """Thresholds and times; ``None`` for those that ship with the weights."""
    gain: float | Literal["auto"] = "auto"
    """In dB."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """How the recognizer fares."""

    visitors: int = 0
    with_sound: int = 0
    """Visitors whose sound comes at present."""
    windows: int = 0
    """Windows scored since the process was started."""
    batches: int = 0
    """Times that the network ran for them."""
    cpu_s: float = 0.0
    """Processor time that the process has used, in s."""
    busy: float = 0.0
    """Part of one core that it has used in the last seconds."""
    level: int = 0
    """Overload: 0 none, 1 no scores for the charts, 2 every second window only, 3 without sound that waited for long."""
    waiting_s: float = 0.0
    """Median of the seconds of sound that wait, over the visitors with sound."""
    pid: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    """Samples of each visitor that were dropped or lost."""


SOCKET_NAME = "words"
"""Of the socket for the words in a visitor's folder."""
TITLE = "the host's recognizer"
"""What the visitor's game calls it: the host's paths are nothing that a visitor should read."""


def words_spec(folder: Path) -> str:
    """The address of the words of the visitor with this folder."""
    return f"words+unix://{quote(str(folder / SOCKET_NAME))}?{urlencode({'title': TITLE})}"


def encode_sound(sound: VisitorSound) -> dict[str, Any]:
    """Write whom to serve."""
    return {
        "folder": str(sound.folder),
        "sound": None if sound.sound is None else str(sound.sound),
        "weights": sound.weights,
        "settings": None if sound.settings is None else sound.settings.to_dict(),
        "gain": sound.gain,
    }


def decode_sound(data: Mapping[str, Any]) -> VisitorSound:
    """Read what ``encode_sound`` wrote."""
    return VisitorSound(
        Path(data["folder"]),
        None if data["sound"] is None else Path(data["sound"]),
        data["weights"],
        None if data["settings"] is None else DetectorSettings.from_dict(data["settings"]),
        data["gain"],
    )


def encode_status(status: ServiceStatus) -> dict[str, Any]:
    """Write a status."""
    return asdict(status)


def decode_report(data: Mapping[str, Any]) -> ServiceReport:
    """Read a report.

    Raises:
        RemoteError: it is none.
    """
    kind = data.get("report")
    if kind not in get_args(Kind):
        raise RemoteError("the recognizer's process sent an unknown report")
    return ServiceReport(
        cast(Kind, kind), printable(data.get("text", ""), REPORT_LIMIT), printable(data.get("visitor", ""), 80)
    )


def encode_line(message: Mapping[str, Any]) -> bytes:
    """Write a message."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode_line(line: bytes) -> dict[str, Any]:
    """Read a message.

    Raises:
        RemoteError: it is none.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise RemoteError("a message between the host and its recognizer cannot be read") from None
    if not isinstance(message, dict):
        raise RemoteError("a message between the host and its recognizer is no object")
    return message
