"""The Wyoming wire format (https://github.com/rhasspy/wyoming), read with a limit on everything.

An event is a JSON header line (``type``, optional ``data``, ``data_length``, ``payload_length``), then ``data_length`` bytes of
further JSON data, then ``payload_length`` bytes of payload. The package's own readers accept lines and lengths of any size.
Peers cannot be trusted, so this module reads the events itself and never holds more than the limits of one event.

What a peer sent is checked here, in one place. JSON that is read has only finite numbers of a size that fits a float and only text
that can be encoded; ``number``, ``integer`` and ``text`` read one field of it within bounds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from wyoming.event import Event

from voicetrail.errors import RemoteError
from voicetrail.text import printable

PROTOCOL = 1
"""Version that both ends of a connection must agree on; increased by incompatible changes."""
HEADER_LIMIT = 8 * 1024
"""Most bytes of an event's header line."""
DATA_LIMIT = 64 * 1024
"""Most bytes of an event's further data."""
PAYLOAD_LIMIT = 256 * 1024
"""Most bytes of an event's payload (a second of 48 kHz stereo has 192,000)."""
TYPE_LIMIT = 64
"""Most characters of an event's type."""
DIGITS_LIMIT = 300
"""Most characters of a whole number: what is longer does not fit a float."""
NONCE_LIMIT = 128
"""Most characters of a nonce."""

HELLO = "voicetrail-hello"
"""First event of a voicetrail that serves: ``protocol``, ``nonce``, ``secret`` (whether a proof is required), and, where none is,
``content`` (``sound`` or ``words``) and ``name``."""
PROOF = "voicetrail-proof"
"""``nonce`` and ``proof``: shows that the sender knows the secret, which itself is never sent. The server's proof also has the
``content`` and ``name`` that its hello left out."""
SOURCE_STATE = "voicetrail-source"
"""The microphone at the other end was lost or is back: ``state`` (``lost``, ``delayed``, ``back``, ``ended``), ``message``."""


class WireError(RemoteError):
    """A peer sent something that is not a Wyoming event, exceeds a limit, or has a value out of bounds."""


class EventDecoder:
    """Turns bytes into events.

    Args:
        payload_limit: largest payload that is accepted, in bytes.
        data_limit: largest data block behind the header, in bytes.

    Raises (from ``feed``):
        WireError: the bytes are not this protocol; nothing more can be read from the connection.
    """

    def __init__(self, payload_limit: int = PAYLOAD_LIMIT, data_limit: int = DATA_LIMIT) -> None:
        self._payload_limit = payload_limit
        self._data_limit = data_limit
        self._buffer = bytearray()
        self._header: dict[str, Any] | None = None
        self._data_length = 0
        self._payload_length = 0

    def feed(self, received: bytes) -> list[Event]:
        """Take the next bytes; return the events that are complete with them."""
        self._buffer += received
        events: list[Event] = []
        while True:
            if self._header is None and not self._read_header():
                return events
            if len(self._buffer) < self._data_length + self._payload_length:
                return events
            events.append(self._take_event())

    def _read_header(self) -> bool:
        end = self._buffer.find(b"\n", 0, HEADER_LIMIT + 1)
        if end < 0:
            if len(self._buffer) > HEADER_LIMIT:
                raise WireError(f"a header longer than {HEADER_LIMIT} bytes")
            return False
        header = parse_object(bytes(self._buffer[:end]), "header")
        kind = header.get("type")
        if not isinstance(kind, str) or not 0 < len(kind) <= TYPE_LIMIT:
            raise WireError("a header without a type")
        self._data_length = _length(header, "data_length", self._data_limit)
        self._payload_length = _length(header, "payload_length", self._payload_limit)
        del self._buffer[: end + 1]
        self._header = header
        return True

    def _take_event(self) -> Event:
        assert self._header is not None
        data = self._header.get("data") or {}
        if not isinstance(data, dict):
            raise WireError("a header whose data is not an object")
        split, end = self._data_length, self._data_length + self._payload_length
        if split:
            data = {**data, **parse_object(bytes(self._buffer[:split]), "data block")}
        payload = bytes(self._buffer[split:end]) or None
        event = Event(type=self._header["type"], data=data, payload=payload)
        del self._buffer[:end]
        self._header = None
        return event


def encode(event: Event) -> bytes:
    """Write an event: its data inside the header line, which every reader of the protocol accepts, in the fewest bytes."""
    header: dict[str, Any] = {"type": event.type}
    if event.data:
        header["data"] = {key: value for key, value in event.data.items() if value is not None}
    if event.payload:
        header["payload_length"] = len(event.payload)
    text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n" + (event.payload or b"")


def proof(secret: bytes, side: str, own_nonce: str, other_nonce: str) -> str:
    """What one side sends to show that it knows the secret: HMAC-SHA256 over its role and both nonces.

    Args:
        secret: what both sides know.
        side: ``mic`` or ``game``, so that one side's proof is never valid for the other's.
        own_nonce: the random text that this side sent.
        other_nonce: the random text that the other side sent.
    """
    message = f"voicetrail {PROTOCOL} {side} {own_nonce} {other_nonce}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def same_proof(given: object, expected: str) -> bool:
    """Compare a proof that a peer sent, in constant time."""
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def parse_object(encoded: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object that a peer sent.

    Args:
        encoded: UTF-8.
        what: its name in an error.

    Raises:
        WireError: it is no JSON object, or has a number that is not finite or too large, or text that is not Unicode.
    """
    try:
        written = encoded.decode()
        value = _JSON.decode(written)
        if "\\u" in written:
            # Only an escape can make a lone surrogate: the bytes themselves are valid UTF-8.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise WireError(f"a {what} with text that is not Unicode") from None
    except (ValueError, RecursionError):
        raise WireError(f"a {what} that is not JSON") from None
    if not isinstance(value, dict):
        raise WireError(f"a {what} that is not a JSON object")
    return value


def number(data: Mapping[Any, Any], key: object, low: float, high: float, default: float | None = None) -> float:
    """Read a number that has to be within bounds; ``default`` where the field is missing.

    Raises:
        WireError: it is missing without a default, is no number, or is out of bounds (as NaN is).
    """
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise WireError(f"a number out of bounds ({printable(key, 20)})")
    return float(value)


def integer(data: Mapping[Any, Any], key: object, low: int, high: int, default: int | None = None) -> int:
    """Read a whole number that has to be within bounds; see ``number``."""
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise WireError(f"a whole number out of bounds ({printable(key, 20)})")
    return value


def text(data: Mapping[Any, Any], key: object, limit: int, default: str | None = None) -> str:
    """Read text of at most ``limit`` characters, as it was sent (``printable`` makes it safe to show); see ``number``."""
    value = data.get(key, default)
    if not isinstance(value, str) or len(value) > limit:
        raise WireError(f"a text that is missing or too long ({printable(key, 20)})")
    return value


def _length(header: dict[str, Any], key: str, limit: int) -> int:
    return 0 if header.get(key) is None else integer(header, key, 0, limit)


def _refuse_constant(name: str) -> NoReturn:
    raise WireError(f"{name} in place of a number")


def _parse_integer(digits: str) -> int:
    if len(digits) > DIGITS_LIMIT:
        raise WireError("a number that is too large")
    return int(digits)


def _parse_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise WireError("a number that is too large")
    return value


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_parse_integer, parse_float=_parse_float)
