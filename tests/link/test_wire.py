from __future__ import annotations

import contextlib
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.event import Event, read_event, write_event

from voicetrail.link.wire import DATA_LIMIT, HEADER_LIMIT, PAYLOAD_LIMIT, EventDecoder, WireError, encode, proof, same_proof

EVENTS = st.builds(
    Event,
    type=st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20),
    data=st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=20), max_size=4),
    payload=st.none() | st.binary(min_size=1, max_size=200),
)


@settings(max_examples=50)
@given(st.lists(EVENTS, max_size=4), st.integers(1, 50))
def test_encoded_events_are_decoded_from_any_chunks(events: list[Event], step: int) -> None:
    wire = b"".join(map(encode, events))
    decoder = EventDecoder()
    read = [event for at in range(0, len(wire), step) for event in decoder.feed(wire[at : at + step])]
    assert read == events


@settings(max_examples=30)
@given(EVENTS)
def test_speaks_with_the_wyoming_package_both_ways(event: Event) -> None:
    assert read_event(io.BytesIO(encode(event))) == event
    theirs = io.BytesIO()
    write_event(event, theirs)
    assert EventDecoder().feed(theirs.getvalue()) == [event]


@pytest.mark.parametrize(
    "wire",
    [
        b"\x00\xff\xfe\n",
        b"[]\n",
        b"{}\n",
        b'{"type": 3}\n',
        b'{"type": "x", "data": [1]}\n',
        b'{"type": "x", "data_length": -1}\n',
        b'{"type": "x", "data_length": true}\n',
        b'{"type": "x", "payload_length": "9"}\n',
        b'{"type": "x", "payload_length": 1e3}\n',
        b'{"type": "x", "data_length": 2}\n[]',
        b"[" * HEADER_LIMIT + b"\n",
        b"x" * (HEADER_LIMIT + 1),
        json.dumps({"type": "x", "data_length": DATA_LIMIT + 1}).encode() + b"\n",
        json.dumps({"type": "x", "payload_length": PAYLOAD_LIMIT + 1}).encode() + b"\n",
        json.dumps({"type": "x" * 100}).encode() + b"\n",
    ],
)
def test_invalid_and_oversized_events_are_refused(wire: bytes) -> None:
    with pytest.raises(WireError):
        EventDecoder().feed(wire)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_events_or_refused(wire: bytes) -> None:
    with contextlib.suppress(WireError):
        assert all(event.type for event in EventDecoder().feed(wire))


def test_proof_is_bound_to_side_secret_and_nonces() -> None:
    good = proof(b"secret", "mic", "a", "b")
    assert same_proof(good, proof(b"secret", "mic", "a", "b"))
    for other in (
        proof(b"other", "mic", "a", "b"),
        proof(b"secret", "game", "a", "b"),
        proof(b"secret", "mic", "b", "a"),
        None,
        3,
    ):
        assert not same_proof(other, good)
