from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.event import Event as WireEvent

from tests.link.feeding import LoudIsUp, Steady
from voicetrail.errors import UsageError
from voicetrail.events import (
    Level,
    ListeningChanged,
    Ready,
    SamplesLost,
    Scores,
    SourceBack,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.link.address import parse_address
from voicetrail.link.receiving.remote_listener import RemoteListener
from voicetrail.link.serving.feeds import WordsFeed
from voicetrail.link.serving.server import LinkServer
from voicetrail.link.wire import EventDecoder, WireError, encode
from voicetrail.link.words import (
    HopSummary,
    decode_delay,
    decode_ready,
    decode_scores,
    decode_settings,
    decode_word,
    encode_ready,
    encode_word,
)
from voicetrail.spotting.detector import DetectorSettings

LABELS = ("up", "down", "_background_noise_")
HUNDREDTHS = st.integers(0, 100).map(lambda value: value / 100)
WORDS = st.sampled_from(LABELS)
TIMES = st.integers(0, 10**12)
EVENTS = (
    st.builds(WordHeard, TIMES, WORDS, HUNDREDTHS, st.none() | st.integers(0, 10**9).map(lambda ms: ms / 1000))
    | st.builds(
        WordRejected,
        TIMES,
        WORDS,
        HUNDREDTHS,
        st.sampled_from(["threshold", "refractory", "margin", "muted"]),
        HUNDREDTHS,
        st.none() | WORDS,
    )
    | st.builds(SamplesLost, TIMES, st.integers(0, 10**9), st.integers(0, 10**9))
)


def over_the_wire(event: WireEvent) -> WireEvent:
    (read,) = EventDecoder().feed(encode(event))
    return read


@settings(max_examples=60)
@given(EVENTS)
def test_words_are_transmitted_unchanged(event: WordHeard | WordRejected | SamplesLost) -> None:
    assert decode_word(over_the_wire(encode_word(event)), LABELS) == event


@settings(max_examples=30)
@given(
    st.builds(
        DetectorSettings,
        st.floats(0.05, 1),
        st.dictionaries(st.sampled_from(["up", "down"]), st.floats(0.05, 1)),
        st.floats(0, 1),
        st.floats(0, 3),
        st.floats(0, 0.9),
    )
)
def test_settings_are_transmitted_unchanged(settings: DetectorSettings) -> None:
    assert decode_settings(over_the_wire(WireEvent("x", settings.to_dict())).data) == settings


def test_recognizer_description_is_transmitted() -> None:
    ready = Ready(
        LABELS, "desk", "directional4w", "ab" * 32, {"up": 0.7, "down": 0.6, "_background_noise_": 0.6}, {"down": "left"}
    )
    assert decode_ready(over_the_wire(encode_ready(ready, LoudIsUp.detector)).data) == (ready, LoudIsUp.detector)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("vt-heard", {"t": -1, "w": "up", "p": 90}),
        ("vt-heard", {"t": 1, "w": "sideways", "p": 90}),
        ("vt-heard", {"t": 1, "w": ["up"], "p": 90}),
        ("vt-heard", {"t": 1, "w": "up", "p": float("nan")}),
        ("vt-heard", {"t": 1, "w": "up", "p": 1e99}),
        ("vt-near", {"t": 1, "w": "up", "p": 90, "r": "whim", "l": 0}),
        ("vt-near", {"t": 1, "w": "up", "p": 90, "r": "margin", "l": 0, "v": "\x1b"}),
        ("vt-lost", {"t": 1, "n": True, "a": 1}),
    ],
)
def test_invalid_words_are_refused(kind: str, data: dict[str, object]) -> None:
    with pytest.raises(WireError):
        decode_word(WireEvent(kind, data), LABELS)


def test_invalid_scores_settings_and_labels_are_refused() -> None:
    for scores in ([1, 2], "123", [1, 2, 101], [1, 2, None]):
        with pytest.raises(WireError):
            decode_scores({"t": 1, "s": scores, "l": -30, "k": -20}, LABELS)
    for changed in ({"threshold": 2}, {"thresholds": [1]}, {"thresholds": {"up": "high"}}, {"margin": None}):
        with pytest.raises(WireError):
            decode_settings(DetectorSettings().to_dict() | changed)
    for labels in (None, [], ["up", "up"], ["x"] * 99):
        with pytest.raises(WireError):
            decode_ready({"labels": labels, "detector": DetectorSettings().to_dict()})


def test_scores_and_levels_are_reported_only_when_they_change() -> None:
    def bytes_of(hops: list[tuple[float, float]]) -> int:
        summary, total = HopSummary(), 0
        for index, (score, loudness) in enumerate(hops):
            summary.take(Level(index * 640, loudness, loudness + 6, False))
            event = summary.take(Scores(index * 640, (score, 0.0, 1 - score), (score, 0.0, 1 - score)))
            total += len(encode(event)) if event else 0
        return total

    second = 25
    assert bytes_of([(0.01 * (i % 3), -60 + i % 3) for i in range(60 * second)]) < 60 * 10, "a quiet room"
    assert bytes_of([(0.9 * (i // 12 % 2), -60 + 40 * (i // 12 % 2)) for i in range(60 * second)]) < 60 * 200, "talking"


def test_talk_shift_is_transmitted() -> None:
    summary = HopSummary()
    summary.take(Level(640, -30, -20, False))
    event = summary.take(Scores(640, (0.5, 0.0, 0.0), talk_shift=0.27))
    assert event is not None
    assert decode_scores(over_the_wire(event).data, LABELS)[1].talk_shift == 0.27


@pytest.mark.parametrize(("delay_s", "read_s"), [(0.034, 0.034), (None, 0.0), (1e9, 60.0)])
def test_delay_of_the_sound_is_transmitted(delay_s: float | None, read_s: float) -> None:
    summary = HopSummary()
    summary.take(Level(640, -30, -20, False))
    event = summary.take(Scores(640, (0.5, 0.0, 0.0)), delay_s)
    assert event is not None
    assert decode_delay(over_the_wire(event).data) == read_s


@pytest.mark.parametrize("delay_ms", [-1, 1e9, "3", True])
def test_invalid_delay_is_refused(delay_ms: object) -> None:
    with pytest.raises(WireError):
        decode_delay({"d": delay_ms})


def test_the_highest_score_between_two_summaries_is_not_missed() -> None:
    summary = HopSummary()
    sent: list[WireEvent] = []
    for index in range(30):
        summary.take(Level(index * 640, -30, -20, False))
        score = 0.95 if index == 5 else 0.0
        event = summary.take(Scores(index * 640, (score, 0.0, 0.0)))
        sent += [event] if event else []
    assert max(event.data["s"][0] for event in sent) == 95


@pytest.fixture
def microphone() -> Steady:
    return Steady(height=0.1)


@pytest.fixture
def server(tmp_path: Path, microphone: Steady) -> Iterator[LinkServer]:
    server = LinkServer(WordsFeed(microphone, LoudIsUp(), LoudIsUp.detector), parse_address(f"unix://{tmp_path}/w"))
    server.start()
    yield server
    server.close()


def test_game_receives_the_words_of_a_remote_recognizer(server: LinkServer, microphone: Steady) -> None:
    listener = RemoteListener(f"words+{server.address}")
    stream = listener.events()
    ready = next(stream)
    assert isinstance(ready, Ready)
    assert ready.labels == LoudIsUp.labels
    assert ready.thresholds == {"up": 0.7, "down": 0.6, "_background_noise_": 0.6}
    assert listener.recognizer is not None
    assert listener.recognizer.detector == LoudIsUp.detector
    microphone.height = 0.8
    words: list[WordHeard] = []
    shown: list[Scores] = []
    while not words or not shown or shown[-1].smoothed[0] < 0.9:
        event = next(stream)
        words += [event] if isinstance(event, WordHeard) else []
        shown += [event] if isinstance(event, Scores) else []
    (word,) = words
    assert (word.word, word.score) == ("up", 0.9)
    assert word.captured is not None
    assert -0.05 <= time.monotonic() - word.captured < 10
    listener.stop()
    assert not list(stream)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens at the other end."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def test_settings_and_mute_reach_the_recognizer(server: LinkServer, microphone: Steady) -> None:
    assert isinstance(server.feed, WordsFeed)
    there = server.feed._listener
    listener = RemoteListener(f"words+{server.address}")
    stream = listener.events()
    next(stream)
    strict = replace(LoudIsUp.detector, thresholds={"up": 0.95})
    listener.apply_settings(strict)
    until(lambda: there.detector.settings == strict)
    microphone.height = 0.8
    until(lambda: there.detector.smoothed[0] > 0.89)
    microphone.height = 0.1
    near = next(event for event in stream if isinstance(event, WordRejected))
    assert (near.reason, round(near.lacking, 2)) == ("threshold", 0.05)
    listener.muted = True
    assert next(event for event in stream if isinstance(event, ListeningChanged)).listening is False
    listener.apply_settings(LoudIsUp.detector)
    until(lambda: there.detector.settings == LoudIsUp.detector and there.muted)
    microphone.height = 0.8
    assert next(event for event in stream if isinstance(event, WordRejected | WordHeard)).reason == "muted"  # type: ignore[union-attr]
    listener.stop()


def test_word_in_transit_during_mute_moves_nothing(server: LinkServer, microphone: Steady) -> None:
    listener = RemoteListener(f"words+{server.address}")
    stream = listener.events()
    next(stream)
    microphone.height = 0.8
    time.sleep(0.4)
    listener.muted = True
    event = next(event for event in stream if isinstance(event, WordHeard | WordRejected))
    assert isinstance(event, WordRejected)
    assert event.reason == "muted"
    listener.stop()


def test_interrupted_connection_and_its_recovery_are_reported(tmp_path: Path, microphone: Steady) -> None:
    address = parse_address(f"unix://{tmp_path}/w")
    listener = RemoteListener(f"words+{address}")
    stream = listener.events()
    assert isinstance(next(stream), SourceLost)
    for _ in range(2):
        server = LinkServer(WordsFeed(Steady(), LoudIsUp(), LoudIsUp.detector), address)
        server.start()
        assert isinstance(next(event for event in stream if isinstance(event, SourceBack | SourceLost)), SourceBack)
        server.close()
        assert isinstance(next(event for event in stream if isinstance(event, SourceBack | SourceLost)), SourceLost)
    listener.stop()
    assert not any(isinstance(event, Ready) for event in stream), "the same recognizer is told once"


def test_sound_server_is_refused_as_a_word_source() -> None:
    with pytest.raises(UsageError, match="sends sound"):
        RemoteListener("tcp://127.0.0.1:1")
