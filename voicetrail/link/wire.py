"""The Wyoming wire (https://github.com/rhasspy/wyoming), read with a limit on everything.

An event is a JSON header line (``type``, optional ``data``, ``data_length``, ``payload_length``), then so many bytes of
further JSON data, then so many bytes of payload. The package's own readers take lines and lengths of any size; what comes over
a line is not to be trusted, so this module reads it: fed with bytes as they come, it never holds more than one event's limit.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from wyoming.event import Event

from voicetrail.errors import RemoteError

PROTOCOL = 1
"""What both ends of a line between two voicetrails have to agree on; raised when an older program could not follow."""
HEADER_LIMIT = 8 * 1024
DATA_LIMIT = 64 * 1024
PAYLOAD_LIMIT = 256 * 1024
"""Bytes of an event's header line, its further data, and its payload (a second of 48 kHz stereo is 192,000)."""
TYPE_LIMIT = 64

HELLO = "voicetrail-hello"
"""First event of a voicetrail microphone: ``protocol``, ``content`` (``sound`` or ``words``), ``name``, ``nonce``, ``secret``
(whether a proof is asked for)."""
PROOF = "voicetrail-proof"
"""``nonce`` and ``proof``: that the sender knows the secret, which itself never travels."""
NEWS = "voicetrail-source"
"""The microphone at the other end was lost or is back: ``state`` (``lost``, ``delayed``, ``back``, ``ended``), ``message``."""


class WireError(RemoteError):
    """What came over the line is no Wyoming event, or one over the limits."""


class EventDecoder:
    """Turns bytes into events.

    Args:
        payload_limit: largest payload that is taken.

    Raises (from ``feed``):
        WireError: the bytes are not this protocol; nothing can be read from the line any more.
    """

    def __init__(self, payload_limit: int = PAYLOAD_LIMIT) -> None:
        self._payload_limit = payload_limit
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
        header = _json_object(bytes(self._buffer[:end]), "header")
        kind = header.get("type")
        if not isinstance(kind, str) or not 0 < len(kind) <= TYPE_LIMIT:
            raise WireError("a header without a type")
        self._data_length = _length(header, "data_length", DATA_LIMIT)
        self._payload_length = _length(header, "payload_length", self._payload_limit)
        del self._buffer[: end + 1]
        self._header = header
        return True

    def _take_event(self) -> Event:
        assert self._header is not None
        data = self._header.get("data") or {}
        if not isinstance(data, dict):
            raise WireError("a header whose data are no object")
        split, end = self._data_length, self._data_length + self._payload_length
        if split:
            data = {**data, **_json_object(bytes(self._buffer[:split]), "data")}
        payload = bytes(self._buffer[split:end]) or None
        event = Event(type=self._header["type"], data=data, payload=payload)
        del self._buffer[:end]
        self._header = None
        return event


def encode(event: Event) -> bytes:
    """Write an event: its data inside the header line, which every reader of the protocol takes, in the fewest bytes."""
    header: dict[str, Any] = {"type": event.type}
    if event.data:
        header["data"] = {key: value for key, value in event.data.items() if value is not None}
    if event.payload:
        header["payload_length"] = len(event.payload)
    return json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + (event.payload or b"")


def proof(secret: bytes, side: str, own_nonce: str, other_nonce: str) -> str:
    """What one side sends to show that it knows the secret: HMAC-SHA256 over its role and both nonces.

    Args:
        secret: what both sides know.
        side: ``mic`` or ``game``, so that one side's proof is never good for the other's.
        own_nonce: the random text that this side sent.
        other_nonce: the random text that the other side sent.
    """
    message = f"voicetrail {PROTOCOL} {side} {own_nonce} {other_nonce}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def same_proof(given: object, expected: str) -> bool:
    """Compare a proof that came over the line, in a time that tells nothing about it."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _json_object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError(f"a {what} that is no JSON") from None
    if not isinstance(value, dict):
        raise WireError(f"a {what} that is no JSON object")
    return value


def _length(header: dict[str, Any], key: str, limit: int) -> int:
    value = header.get(key)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WireError(f"a {key} that is no number of bytes")
    if value > limit:
        raise WireError(f"a {key} over {limit} bytes")
    return value
