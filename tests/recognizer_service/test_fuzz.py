"""Messages that no microphone and no game would send, at one visitor beside another."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wyoming.event import Event as WireEvent

from tests.clocks import Clock
from tests.link.peers import chunk
from tests.recognizer_service.games import HELLO_SOUND, SOUND_EVENTS, SOUND_FIELDS
from tests.recognizer_service.makers import WordsList, make_visitor, score_all
from voicetrail.errors import VoicetrailError
from voicetrail.events import WordHeard
from voicetrail.link.address import Address
from voicetrail.link.receiving.source import NetworkSource
from voicetrail.link.wire import EventDecoder, WireError, encode
from voicetrail.recognizer_service.messages import VisitorSound
from voicetrail.recognizer_service.visitor import VisitorStream
from voicetrail.spotting.recognizer import Recognizer, load_recognizer

MANY = pytest.mark.parametrize("messages", [2_000, pytest.param(20_000, marks=pytest.mark.e2e)])
ASKED = ("vt-tune", "vt-mute", "vt-gain", "vt-heard", "ping", "nothing")
SETTINGS = ("threshold", "thresholds", "smoothing", "refractory", "margin", "talk_shift", "muted", "gain", "text")
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 0.5, 1, 2, 20, 16_000, 44_100, 10**9, 10**300, -1e308, "", "auto", "lost", "back", "sound", "x" * 900),
    *([], [[[]]], {}, {"up": 0.5}, {"up": "x"}, {"\x1b": 0.5}, {str(number): 0.5 for number in range(300)}),
)


class NoTransport:
    """A connection that takes everything."""

    def start(self) -> None:
        """Nothing to begin."""

    def send(self, data: bytes) -> None:
        """Thrown away."""

    def close(self) -> None:
        """Nothing is open."""


def message(rng: random.Random, kinds: tuple[str, ...], fields: tuple[str, ...]) -> bytes:
    """One that may be anything from right to rubbish."""
    chance = rng.random()
    if chance < 0.15:
        return HELLO_SOUND
    if chance < 0.4:
        return chunk(stamp=rng.choice((None, 0, 10**6)))
    data = {rng.choice(fields): rng.choice(VALUES) for _ in range(rng.randrange(5))}
    made = encode(WireEvent(rng.choice(kinds), data, rng.randbytes(rng.randrange(900)) or None))
    if chance < 0.5:
        at = rng.randrange(len(made))
        return made[:at] + rng.randbytes(3) + made[at + rng.randrange(3) :]
    return rng.randbytes(rng.randrange(200)) if chance < 0.55 else made


@MANY
def test_arbitrary_sound_of_one_visitor_does_not_affect_others(messages: int) -> None:
    recognizer, rng, clock = load_recognizer(), random.Random(14), Clock()
    bad = VisitorStream("bad", VisitorSound(Path("unused")), recognizer, WordsList())
    source, windows, refused = connect(bad, clock), 0, 0
    for _ in range(messages):
        clock.now += 0.02
        try:
            source.received(message(rng, SOUND_EVENTS, SOUND_FIELDS), clock.now)
            source.tick(clock.now)
            again = rng.random() < 0.05
        except VoicetrailError as error:
            refused, again = refused + 1, True
            source.disconnected(str(error), False)
        assert source.waiting_s <= 1.0
        windows += score_one(bad, recognizer)
        source = connect(bad, clock) if again else source
    assert min(refused, windows) > messages // 100
    good, heard = make_visitor("good", recognizer, np.zeros(32_000, dtype=np.float32))
    score_all([good, bad])
    assert good.windows == 50
    assert not [event for event in heard.events if isinstance(event, WordHeard)]


def connect(visitor: VisitorStream, clock: Clock) -> NetworkSource:
    """A new connection of the visitor's microphone."""
    address = Address("wyoming", "unix", path="/unused")
    source = NetworkSource(address, transport=lambda address, receiver: NoTransport(), clock=clock)
    visitor.listen_to(source)
    source.connected(clock.now)
    return source


def score_one(visitor: VisitorStream, recognizer: Recognizer) -> int:
    """Let a visitor say what there is; return how many windows it was."""
    due, windows = visitor.advance(), 0
    while due:
        windows += 1
        due = visitor.answer((0.0,) * len(recognizer.labels))
    return windows


@MANY
def test_arbitrary_settings_stay_within_bounds(messages: int) -> None:
    recognizer, rng = load_recognizer(), random.Random(41)
    visitor = VisitorStream("1", VisitorSound(Path("unused")), recognizer, WordsList())
    refused = taken = 0
    for _ in range(messages):
        decoder = EventDecoder(payload_limit=0, data_limit=8 * 1024)
        try:
            for event in decoder.feed(message(rng, ASKED, SETTINGS)):
                visitor.received(event)
                taken += 1
        except WireError:
            refused += 1
    listener = vars(visitor)["_listener"]
    assert 0.05 <= listener.detector.settings.threshold <= 1
    assert -40 <= listener.gain.gain_db <= 40
    assert isinstance(listener.muted, bool)
    assert min(refused, taken) > messages // 10
