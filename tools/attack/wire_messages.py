"""Messages of the wire protocol, and mutations of them."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from tests.link.feeding import LoudIsUp
from voicetrail.link.wire import HELLO, PROOF, PROTOCOL, SOURCE_STATE
from voicetrail.spotting.detector import DetectorSettings

LITERALS = (
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-0.0",
        "1e308",
        "1" + "0" * 400,
        "-1",
        "9" * 18,
        "0.1",
        "true",
        "null",
        "[]",
        "{}",
    ),
    *(
        '"x"',
        '"\\ud800"',
        '"\\udfff\\ud800"',
        '"\\u001b]0;x\\u0007"',
        '"\\u202e"',
        '"' + "y" * 3000 + '"',
        "[" * 500 + "]" * 500,
    ),
)
"""Values that replace a value, as JSON (or almost JSON)."""
WEIGHTS = (4, 1, 1, 1, 1, 1, 36)
"""Relative frequencies of the kinds of mutations; the last kind is no mutation."""
LABELS = list(LoudIsUp.labels)


def client_events(rng: random.Random) -> list[dict[str, Any]]:
    """The messages of a client."""
    settings = DetectorSettings(thresholds={"up": 0.7}).to_dict()
    return [
        {"type": "ping", "data": {"text": "1.25", "received": rng.randrange(10**6)}},
        {"type": PROOF, "data": {"nonce": "n", "proof": "0" * 64}},
        {"type": "vt-tune", "data": settings},
        {"type": "vt-mute", "data": {"muted": True}},
        {"type": "describe"},
    ]


def sound_events(rng: random.Random) -> list[dict[str, Any]]:
    """The messages of a sound server."""
    audio = {"rate": 16_000, "width": 2, "channels": 1}
    return [
        {"type": "audio-start", "data": audio},
        {"type": "audio-chunk", "data": audio | {"timestamp": rng.randrange(10**6), "lost": 5}, "payload_length": 640},
        {"type": "audio-chunk", "data": audio | {"rate": 48_000, "channels": 2}, "payload_length": 64},
        {"type": "audio-stop"},
        {"type": SOURCE_STATE, "data": {"state": rng.choice(("lost", "back", "delayed", "ended")), "message": "m"}},
        {"type": "pong", "data": {"text": "3.5"}},
        {"type": HELLO, "data": {"protocol": PROTOCOL, "content": "sound", "name": "x", "nonce": "n", "secret": False}},
        {"type": PROOF, "data": {"proof": "0" * 64}},
    ]


def word_events(rng: random.Random) -> list[dict[str, Any]]:
    """The messages of a word server."""
    return [
        json.loads(ready(rng.choice("ab"))),
        {"type": "vt-heard", "data": {"t": rng.randrange(10**6), "w": "up", "p": 90, "c": rng.randrange(10**6)}},
        {"type": "vt-near", "data": {"t": 5, "w": "up", "p": 60, "r": "margin", "l": 0.1, "v": "down"}},
        {"type": "vt-scores", "data": {"t": 640, "s": [1, 2, 97], "l": -30, "k": -20, "x": 1, "g": 3.5, "u": 12}},
        {"type": "vt-lost", "data": {"t": 5, "n": 320, "a": 640}},
        *sound_events(rng)[4:],
    ]


def mutated(rng: random.Random, events: list[dict[str, Any]]) -> bytes:
    """One of the events; only every fifth is mutated, because a wrong message ends the connection and hides what follows."""
    event = rng.choice(events)
    if event["type"] in (HELLO, PROOF) and rng.random() < 0.9:
        event = events[0]  # a second handshake ends it too
    payload = rng.randbytes(event.get("payload_length", 0))
    text = json.dumps(event)
    (kind,) = rng.choices(range(7), WEIGHTS)
    if kind == 0:  # a value
        text = _with_another_value(rng, text)
    elif kind == 1:  # a key is missing
        keys = list(event.get("data", {}))
        if keys:
            text = json.dumps(event | {"data": {key: value for key, value in event["data"].items() if key != rng.choice(keys)}})
    elif kind == 2:  # the data in a block of its own, of that length or another
        data = json.dumps(event.get("data", {})).encode()
        length = len(data) if rng.random() < 0.5 else rng.choice((0, -1, 10**9, len(data) + 7, 1.5, "5"))
        return json.dumps({"type": event["type"], "data_length": length}).encode() + b"\n" + data + payload
    elif kind == 3:  # bytes
        damaged = bytearray(text.encode())
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        return bytes(damaged) + b"\n" + payload
    elif kind == 4:
        text = text[: rng.randrange(len(text))]
    elif kind == 5:
        return rng.randbytes(rng.randrange(200))
    return text.encode() + b"\n" + payload


def _with_another_value(rng: random.Random, text: str) -> str:
    values = list(re.finditer(r'(?<=: )(?:"[^"]*"|-?[0-9.]+|true|false|\[[^]]*\])', text))
    if not values:
        return text
    chosen = rng.choice(values)
    return text[: chosen.start()] + rng.choice(LITERALS) + text[chosen.end() :]


def hello(content: str) -> bytes:
    """The first message of a server."""
    data = {"protocol": PROTOCOL, "content": content, "name": "x", "nonce": "n", "secret": False}
    return json.dumps({"type": HELLO, "data": data}).encode() + b"\n"


def ready(name: str) -> bytes:
    """A recognizer is ready."""
    data = {"labels": LABELS, "source": name, "weights": name, "hash": name, "detector": LoudIsUp.detector.to_dict()}
    return json.dumps({"type": "vt-ready", "data": data}).encode() + b"\n"


def chunk(stamp: int) -> bytes:
    """A block of sound that began at ``stamp``, on the server's clock."""
    data = {"rate": 16_000, "width": 2, "channels": 1, "timestamp": stamp}
    return json.dumps({"type": "audio-chunk", "data": data, "payload_length": 666}).encode() + b"\n" + b"\1\0" * 333
