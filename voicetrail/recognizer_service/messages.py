"""Messages between the host and the recognizer's process: one JSON object per line, on a socket that only these two have.

To the process: ``{"id", "do", …}``, where ``do`` is ``add``, ``remove``, ``sound`` or ``status``. From the process: first
``{"ready": labels}``, then ``{"id", "result"}`` or ``{"id", "error"}`` for each message, and ``{"report", "visitor", "text"}``
for events.
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
"""Most bytes of a message."""
REPORT_LIMIT = 300
"""Most characters of a report."""

Kind = Literal["started", "died", "cut off", "client", "busy", "failed"]
"""The kinds of reports: the process was started; it died and is being restarted; a visitor's sound was cut off for good; a client of a
visitor's words was refused or sent invalid data; the load has changed; an internal error."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """Something that the host's log should have: a line, without voices or names of devices."""

    kind: Kind
    text: str
    visitor: str = ""
    """The visitor concerned; empty for the service itself."""


@dataclass(frozen=True, slots=True)
class VisitorSound:
    """The source of a visitor's sound, and the initial settings; the visitor's game sends its own settings later."""

    folder: Path
    """The visitor's folder (mode 0700), in which the socket for the words is created."""
    sound: Path | None = None
    """Unix socket that serves the sound; ``None`` for no microphone yet (``RecognizerService.set_sound``)."""
    weights: str = "directional4w"
    """Name or path of the weights, chosen by the host."""
    settings: DetectorSettings | None = None
    """Thresholds and times; ``None`` for those that come with the weights."""
    gain: float | Literal["auto"] = "auto"
    """In dB."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The status of the recognizer."""

    visitors: int = 0
    with_sound: int = 0
    """Visitors with sound at the moment."""
    windows: int = 0
    """Windows scored since the start of the process."""
    batches: int = 0
    """Batches scored since the start of the process."""
    cpu_s: float = 0.0
    """Processor time used by the process, in s."""
    busy: float = 0.0
    """Part of one core used in the last seconds."""
    level: int = 0
    """Level of overload: 0 none, 1 no scores for the charts, 2 only every second window, 3 old sound is dropped."""
    waiting_s: float = 0.0
    """Median backlog of sound in s, over the visitors with sound."""
    pid: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    """Samples that were dropped or lost, by visitor."""


SOCKET_NAME = "words"
"""Name of the socket for the words, in a visitor's folder."""
TITLE = "the host's recognizer"
"""Name of the source in the visitor's game, which should not show paths of the host."""


def words_spec(folder: Path) -> str:
    """The address of the words, for the visitor with this folder."""
    return f"words+unix://{quote(str(folder / SOCKET_NAME))}?{urlencode({'title': TITLE})}"


def encode_sound(sound: VisitorSound) -> dict[str, Any]:
    """Encode the sound of a visitor."""
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
    """Encode a status."""
    return asdict(status)


def decode_report(data: Mapping[str, Any]) -> ServiceReport:
    """Read a report.

    Raises:
        RemoteError: it is not a report.
    """
    kind = data.get("report")
    if kind not in get_args(Kind):
        raise RemoteError("the recognizer's process sent an unknown report")
    return ServiceReport(
        cast(Kind, kind), printable(data.get("text", ""), REPORT_LIMIT), printable(data.get("visitor", ""), 80)
    )


def encode_line(message: Mapping[str, Any]) -> bytes:
    """Encode a message."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode_line(line: bytes) -> dict[str, Any]:
    """Decode a message.

    Raises:
        RemoteError: it is not a message.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise RemoteError("a message between the host and its recognizer cannot be read") from None
    if not isinstance(message, dict):
        raise RemoteError("a message between the host and its recognizer is not an object")
    return message
