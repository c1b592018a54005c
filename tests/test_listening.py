"""The loop from sound to events, with a source and a recognizer made for the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources import Items
from tests.spotting.filters import own_score_filter
from voicetrail.audio.level import OffsetRemover
from voicetrail.events import (
    AudioBlock,
    DetectorChanged,
    Event,
    Level,
    ListeningChanged,
    SamplesLost,
    Scores,
    SourceBack,
    SourceEnded,
    SourceEvent,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.listening import POLL, Listener
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.score_filter import ScoreFilter

HOP, WINDOW = 100, 400
LABELS = ("up", "_background_noise_")
PLAIN = DetectorSettings(threshold=0.5, smoothing=0.0, refractory=0.0)
Sound = npt.NDArray[np.float32]
E = TypeVar("E")


@dataclass
class LoudnessRecognizer:
    """Hears *up* as loud as the last hop is; remembers the windows it was given."""

    labels: tuple[str, ...] = LABELS
    hop: int = HOP
    window_samples: int = WINDOW
    score_filter: ScoreFilter | None = None
    windows: list[Sound] = field(default_factory=list)

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        self.windows.append(window.copy())
        loud = round(float(np.abs(window[-HOP:]).max()), 3)
        return (loud, round(1 - loud, 3))


@dataclass
class FilteredRecognizer(LoudnessRecognizer):
    """The same, with both reserved labels, as a score filter needs them."""

    labels: tuple[str, ...] = ("up", "_unknown_", "_background_noise_")

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        up, other = super().score(window, blanked)
        return (up, 0.0, other)


def ramp(samples: int, first: int = 0) -> Sound:
    """Samples that can be told apart."""
    return ((np.arange(first, first + samples) % 997) / 10_000).astype(np.float32)


def block(level: float, hops: int = 1) -> AudioBlock:
    """Sound of this magnitude, around zero."""
    return AudioBlock(np.tile(np.array([level, -level], dtype=np.float32), hops * HOP // 2))


def listener(*items: AudioBlock | SourceEvent | None, endless: bool = False) -> Listener:
    return Listener(Items(items, endless=endless), LoudnessRecognizer(), Detector(LABELS, PLAIN))


def of(kind: type[E], events: list[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 350), max_size=12))
def test_windows_are_one_hop_apart_for_any_block_size(sizes: list[int]) -> None:
    sound, at, blocks = ramp(sum(sizes)), 0, []
    for size in sizes:
        blocks.append(AudioBlock(sound[at : at + size]))
        at += size
    recognizer, tapped = LoudnessRecognizer(), list[tuple[int, Sound, bool]]()
    loop = Listener(Items(blocks), recognizer, Detector(LABELS), tap=lambda *hop: tapped.append(hop))
    events = list(loop.events())
    hops = len(sound) // HOP
    assert [event.time for event in of(Scores, events)] == [HOP * (n + 1) for n in range(hops)]
    assert [event.time for event in of(Level, events)] == [HOP * (n + 1) for n in range(hops)]
    offset = OffsetRemover()
    clean = [offset.remove(sound[at : at + HOP]) for at in range(0, hops * HOP, HOP)]
    padded = np.concatenate((np.zeros(WINDOW, dtype=np.float32), *clean))
    for number, window in enumerate(recognizer.windows, 1):
        np.testing.assert_array_equal(window, padded[number * HOP : number * HOP + WINDOW])
    # The tap is given each sample once, in order, at the time of its hop's end.
    assert [hop[0] for hop in tapped] == [HOP * (n + 1) for n in range(hops)]
    if tapped:
        np.testing.assert_array_equal(np.concatenate([hop[1] for hop in tapped]), sound[: hops * HOP])
    assert loop.time == len(sound)


def test_word_event_follows_the_scores_and_level_of_its_hop() -> None:
    events = list(listener(block(0.1), block(0.9)).events())
    assert [type(event) for event in events] == [Level, Scores, Level, Scores, WordHeard, SourceEnded]
    assert events[4] == WordHeard(2 * HOP, "up", 0.9)
    scores = events[3]
    assert isinstance(scores, Scores)
    assert scores.smoothed == scores.posteriors == (0.9, 0.1)


def test_lost_samples_are_reported_and_do_not_advance_stream_time() -> None:
    later = AudioBlock(np.zeros(HOP, dtype=np.float32), lost=37)
    events = list(listener(block(0.0), later, AudioBlock(np.zeros(HOP, dtype=np.float32), lost=5)).events())
    assert of(SamplesLost, events) == [SamplesLost(HOP, 37, 37), SamplesLost(2 * HOP, 5, 42)]
    assert [event.time for event in of(Scores, events)] == [HOP, 2 * HOP, 3 * HOP]


def test_capture_time_is_that_of_the_last_sample_of_the_hop() -> None:
    sound = AudioBlock(np.zeros(2 * HOP, dtype=np.float32), captured=50.0)
    assert [event.captured for event in of(Scores, list(listener(sound).events()))] == [50.0 - HOP / 16_000, 50.0]


def test_while_muted_scores_continue_without_words() -> None:
    loop = listener(block(0.0), block(0.9), block(0.0), block(0.9))
    heard: list[Event] = []
    for event in loop.events():
        heard.append(event)
        if isinstance(event, Scores):
            loop.muted = event.time < 2 * HOP
    assert [event.posteriors[0] for event in of(Scores, heard)] == [0.0, 0.9, 0.0, 0.9]
    assert of(WordRejected, heard) == [WordRejected(2 * HOP, "up", 0.9, "muted")]
    assert of(WordHeard, heard) == [WordHeard(4 * HOP, "up", 0.9)]
    assert of(ListeningChanged, heard) == [ListeningChanged(HOP, False), ListeningChanged(2 * HOP, True)]
    # Each change is told before the first hop that it holds for.
    assert heard.index(ListeningChanged(HOP, False)) < heard.index(WordRejected(2 * HOP, "up", 0.9, "muted"))


def test_tap_receives_the_listening_state() -> None:
    loop, tapped = listener(block(0.1), block(0.2)), list[bool]()
    loop.tap = lambda _, __, listening: tapped.append(listening)
    for event in loop.events():
        loop.muted = loop.muted or isinstance(event, Scores)
    assert tapped == [True, False]


def test_sound_before_and_after_a_gap_is_not_joined() -> None:
    recognizer = LoudnessRecognizer()
    half = AudioBlock(block(0.3).samples[: HOP // 2])
    source = Items([block(0.4, 3), half, SourceLost(0, "unplugged"), SourceBack(0, "again"), block(0.1)])
    detector = Detector(LABELS, DetectorSettings(threshold=0.5, smoothing=1.0))
    events = list(Listener(source, recognizer, detector).events())
    assert of(SourceLost, events) == [SourceLost(3 * HOP + HOP // 2, "unplugged")]
    assert of(SourceBack, events) == [SourceBack(3 * HOP + HOP // 2, "again")]
    expected = np.zeros(WINDOW, dtype=np.float32)
    expected[-HOP:] = block(0.1).samples
    np.testing.assert_array_equal(recognizer.windows[-1], expected)
    assert of(Scores, events)[-1].smoothed == (0.1, 0.9)


def test_scores_and_words_come_from_the_score_filter() -> None:
    # The mean of the last two hops in log-odds, and 2 more.
    recognizer = FilteredRecognizer(score_filter=own_score_filter(0.5, 0.5, bias=2.0))
    items: list[AudioBlock | SourceEvent] = [block(0.1), block(0.3), block(0.3)]
    items += [SourceLost(0, "unplugged"), SourceBack(0, "again"), block(0.1)]
    events = list(Listener(Items(items), recognizer, Detector(recognizer.labels, PLAIN)).events())
    scores = of(Scores, events)
    assert [event.posteriors for event in scores] == [(0.451, 0.0, 0.9), (0.617, 0.0, 0.7), (0.76, 0.0, 0.7), (0.451, 0.0, 0.9)]
    assert [event.smoothed for event in scores] == [event.posteriors for event in scores]
    assert of(WordHeard, events) == [WordHeard(2 * HOP, "up", 0.617)]


def test_listeners_that_share_a_recognizer_have_their_own_filters() -> None:
    recognizer = FilteredRecognizer(score_filter=own_score_filter(0.5, 0.25, 0.25))
    sounds = [[block(level) for level in (0.1, 0.9, 0.1)], [block(level) for level in (0.6, 0.2, 0.8)]]

    def scores(sound: list[AudioBlock]) -> Iterator[tuple[float, ...]]:
        listening = Listener(Items(sound), recognizer, Detector(recognizer.labels))
        return (event.posteriors for event in listening.events() if isinstance(event, Scores))

    in_turn = zip(*map(scores, sounds), strict=True)
    assert [*zip(*in_turn, strict=True)] == [tuple(scores(sound)) for sound in sounds]


def test_changed_detector_settings_are_reported_with_their_first_hop() -> None:
    loop = listener(block(0.4), block(0.4), block(0.4))
    heard: list[Event] = []
    for event in loop.events():
        heard.append(event)
        if isinstance(event, Scores) and event.time == HOP:
            loop.detector.settings = DetectorSettings(threshold=0.3, smoothing=0.0, refractory=0.0)
    assert of(DetectorChanged, heard) == [DetectorChanged(2 * HOP, DetectorSettings(0.3, {}, 0.0, 0.0, 0.1))]
    assert [event.time for event in of(WordHeard, heard)] == [2 * HOP]


class Double:
    """A gain of 6 dB."""

    gain_db = 6.02

    def apply(self, samples: Sound) -> Sound:
        out: Sound = np.clip(samples * np.float32(2.0), -1, 1)
        return out


def test_gain_affects_recognition_but_not_the_tap_or_clipping() -> None:
    recognizer, tapped = LoudnessRecognizer(), list[Sound]()
    loop = Listener(
        Items([block(0.25), block(1.0)]),
        recognizer,
        Detector(LABELS),
        gain=Double(),
        tap=lambda _, sound, __: tapped.append(sound),
    )
    quiet, loud = of(Level, list(loop.events()))
    assert recognizer.windows[0][-1] == np.float32(-0.5)
    assert [sound[0] for sound in tapped] == [0.25, 1.0]
    assert quiet.rms_db == quiet.peak_db == pytest.approx(-6.02, abs=0.01)
    assert quiet.gain_db == 6.02
    assert (quiet.clipped, loud.clipped) == (False, True)


def test_dc_offset_is_removed_before_recognizer_gain_and_level() -> None:
    recognizer, gained, tapped = LoudnessRecognizer(), list[Sound](), list[Sound]()

    class Gain:
        gain_db = 0.0

        def apply(self, samples: Sound) -> Sound:
            gained.append(samples)
            return samples

    source = Items([AudioBlock(block(0.2, 4).samples + np.float32(0.1))])
    loop = Listener(source, recognizer, Detector(LABELS), gain=Gain(), tap=lambda _, sound, __: tapped.append(sound))
    levels = of(Level, list(loop.events()))
    np.testing.assert_allclose(recognizer.windows[-1], block(0.2, 4).samples, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(gained), block(0.2, 4).samples, atol=1e-6)
    assert {round(each.rms_db, 1) for each in levels} == {-14.0}
    assert tapped[0][0] == np.float32(0.3), "what is recorded is what came"


def test_changed_gain_applies_from_the_next_hop() -> None:
    recognizer = LoudnessRecognizer()
    loop = Listener(Items([block(0.2, 3)]), recognizer, Detector(LABELS))
    for event in loop.events():
        if isinstance(event, Scores) and event.time == HOP:
            loop.gain = Double()
    assert [round(float(np.abs(window[-HOP:]).max()), 3) for window in recognizer.windows] == [0.2, 0.4, 0.4]


def test_pause_of_the_source_is_waited_out() -> None:
    events = list(listener(None, block(0.9), None, None, block(0.1)).events())
    assert [event.time for event in of(Scores, events)] == [HOP, 2 * HOP]


def test_source_is_closed_at_its_end_and_on_stop() -> None:
    source = Items([block(0.1)])
    list(Listener(source, LoudnessRecognizer(), Detector(LABELS)).events())
    assert source.closed
    source = Items([block(0.1, 5)])
    events = Listener(source, LoudnessRecognizer(), Detector(LABELS)).events()
    next(events)
    events.close()  # type: ignore[attr-defined]  # a generator
    assert source.closed


@pytest.mark.parametrize("during", ["silence", "a long block"])
def test_stop_takes_at_most_one_poll(during: str) -> None:
    source = Items([], endless=True) if during == "silence" else Items([block(0.1, 10_000_000 // HOP)])
    loop = Listener(source, LoudnessRecognizer(), Detector(LABELS))
    thread = threading.Thread(target=lambda: list(loop.events()), daemon=True)
    thread.start()
    time.sleep(0.05)
    assert thread.is_alive()
    loop.stop()
    thread.join(POLL + 1.0)
    assert not thread.is_alive()
    assert source.closed
