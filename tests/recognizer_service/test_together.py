"""Visitors beside each other: each hears what it would hear alone, and nobody waits for another."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given as given_
from hypothesis import strategies as st
from wyoming.event import Event as WireEvent

from tests.recognizer_service.makers import Blocks, Sound, cut, make_visitor, score_all
from tests.sources import Items
from tests.spotting.filters import load_filtered, own_score_filter
from voicetrail.audio.file import demo_path, read_whole
from voicetrail.audio.gain import make_gain
from voicetrail.events import DetectorChanged, Event, Level, Scores, WordHeard, WordRejected
from voicetrail.link.words import GAIN, MUTE, TUNE
from voicetrail.listening import Listener
from voicetrail.recognizer_service.batches import CALM_S, LEVELS_S, STEADY_S, Overload
from voicetrail.recognizer_service.visitor import VisitorStream
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.recognizer import Recognizer, load_recognizer

LAST_DECIMAL = 0.0011
"""The network adds up in another order for several windows than for one, so that a posterior, which is rounded to three decimals,
may be the next one. A mean over hops of such posteriors differs by no more."""


@pytest.fixture(scope="module")
def demo() -> Sound:
    return read_whole(demo_path())[: 20 * 16_000]


@pytest.fixture(scope="module")
def demo_words(demo: Sound) -> list[tuple[int, str, float]]:
    """What one listener alone hears in it."""
    return words(expected_events(demo))


def voices(demo: Sound, count: int) -> list[Sound]:
    """The same words, said at other times, at another loudness, in another noise: no two streams are alike."""
    rng = np.random.default_rng(3)
    return [(np.roll(demo, 1_777 * at) * 0.9**at + rng.normal(0, 0.0004, len(demo))).astype(np.float32) for at in range(count)]


@cache
def unshared_recognizer() -> Recognizer:
    """One that no visitor has."""
    return load_recognizer()


def expected_events(
    sound: Sound,
    gain: str | float = "auto",
    settings: DetectorSettings | None = None,
    recognizer: Recognizer | None = None,
) -> list[Event]:
    recognizer = recognizer or unshared_recognizer()
    detector = Detector(recognizer.labels, settings or recognizer.detector)
    return list(Listener(Items(cut(sound)), recognizer, detector, gain=make_gain(gain)).events())


def words(events: list[Event]) -> list[tuple[int, str, float]]:
    return [(event.time, event.word, event.score) for event in events if isinstance(event, WordHeard)]


def same(a: list[tuple[int, str, float]], b: list[tuple[int, str, float]]) -> bool:
    return [each[:2] for each in a] == [each[:2] for each in b] and all(
        abs(x[2] - y[2]) <= LAST_DECIMAL for x, y in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("count", [1, 7])
def test_batched_visitors_get_the_same_words_as_a_single_listener(recognizer: Recognizer, demo: Sound, count: int) -> None:
    sounds = voices(demo[: 10 * 16_000], count)
    visitors = [make_visitor(str(at), recognizer, sound) for at, sound in enumerate(sounds)]
    score_all(visitor for visitor, _ in visitors)
    heard = 0
    for sound, (_, given) in zip(sounds, visitors, strict=True):
        expected = expected_events(sound)
        assert same(words(given.events), words(expected))
        heard += len(words(expected))
        for kind in (Level, Scores, WordRejected):
            assert sum(isinstance(event, kind) for event in given.events) == sum(isinstance(event, kind) for event in expected)
        pairs = zip(
            (event for event in given.events if isinstance(event, Scores)),
            (event for event in expected if isinstance(event, Scores)),
            strict=True,
        )
        assert all(a.time == b.time and np.allclose(a.posteriors, b.posteriors, atol=LAST_DECIMAL) for a, b in pairs)
    assert heard >= 3 * count


def test_each_visitor_has_a_score_filter_of_its_own(demo: Sound) -> None:
    score_filter = own_score_filter(0.4, 0.3, 0.2, 0.1)
    shared, unshared = (Recognizer(load_filtered(score_filter)) for _ in range(2))
    sounds = voices(demo[: 6 * 16_000], 3)
    visitors = [make_visitor(str(at), shared, sound) for at, sound in enumerate(sounds)]
    score_all(visitor for visitor, _ in visitors)
    for sound, (_, given) in zip(sounds, visitors, strict=True):
        expected = expected_events(sound, recognizer=unshared)
        assert [each[:2] for each in words(given.events)] == [each[:2] for each in words(expected)] != []
        found, right = (
            np.array([event.posteriors for event in events if isinstance(event, Scores)]) for events in (given.events, expected)
        )
        # A posterior's last decimal place counts more in log-odds where it is near 0.
        assert np.abs(found - right).max() < 0.01
    other = [event.posteriors for event in expected_events(sounds[0]) if isinstance(event, Scores)]
    assert [event.posteriors for event in visitors[0][1].events if isinstance(event, Scores)] != other


def test_settings_of_visitors_are_independent(
    recognizer: Recognizer, demo: Sound, demo_words: list[tuple[int, str, float]]
) -> None:
    made = [make_visitor(name, recognizer, demo) for name in ("plain", "muted", "strict", "quiet")]
    (plain, plain_words), (muted, muted_words), (strict, strict_words), (quiet, quiet_words) = made
    settings = DetectorSettings(threshold=0.9, smoothing=0.2)
    muted.received(WireEvent(MUTE, {"muted": True}))
    strict.received(WireEvent(TUNE, settings.to_dict()))
    quiet.received(WireEvent(GAIN, {"gain": -12.0}))
    score_all([plain, muted, strict, quiet])
    assert same(words(plain_words.events), demo_words)
    assert not words(muted_words.events)
    assert same(words(strict_words.events), words(expected_events(demo, settings=settings)))
    assert same(words(quiet_words.events), words(expected_events(demo, gain=-12.0)))
    assert any(isinstance(event, WordRejected) and event.reason == "muted" for event in muted_words.events)


def test_backlog_of_one_visitor_does_not_delay_others(recognizer: Recognizer) -> None:
    """In every batch each visitor has one window at most, so the short ones end before the long one has had more turns."""
    quiet = np.zeros(640 * 100, dtype=np.float32)
    flood, _ = make_visitor("flood", recognizer, quiet, block=6400)
    others = [make_visitor(str(at), recognizer, quiet[: 640 * 5]) for at in range(5)]
    turns: list[list[int]] = []
    real = recognizer.score_pictures

    def counting(pictures: list[Sound]) -> list[tuple[float, ...]]:
        turns.append([visitor.windows for visitor in (flood, *(visitor for visitor, _ in others))])
        return real(pictures)

    recognizer.score_pictures = counting  # type: ignore[method-assign, assignment]
    try:
        batches = score_all([flood, *(visitor for visitor, _ in others)])
    finally:
        recognizer.score_pictures = real  # type: ignore[method-assign]
    assert batches.windows == 100 + 5 * 5
    assert turns[:5] == [[at] * 6 for at in range(1, 6)]


def test_error_in_one_visitors_sound_ends_only_that_visitor(
    recognizer: Recognizer, demo: Sound, demo_words: list[tuple[int, str, float]]
) -> None:
    class Broken(Blocks):
        def read(self, timeout: float) -> None:
            if len(self.left) < 400:
                raise ArithmeticError("made for the test")
            return super().read(timeout)  # type: ignore[return-value]

    bad, _ = make_visitor("bad", recognizer, demo)
    bad.listen_to(Broken(cut(demo)))
    good, given = make_visitor("good", recognizer, demo)
    failed: list[VisitorStream] = []
    score_all([bad, good], on_failure=lambda visitor, error: failed.append(visitor))
    assert failed == [bad]
    assert same(words(given.events), demo_words)


def test_overload_skips_every_second_window_but_no_words(
    recognizer: Recognizer, demo: Sound, demo_words: list[tuple[int, str, float]]
) -> None:
    visitor, given = make_visitor("1", recognizer, demo)
    batches = score_all([visitor], skips=True)
    assert abs(batches.windows - visitor.windows / 2) <= 1
    assert len(words(given.events)) >= 0.9 * len(demo_words)


def test_settings_apply_in_order_with_the_sound(recognizer: Recognizer, demo: Sound) -> None:
    visitor, given = make_visitor("1", recognizer, demo[:32_000])
    visitor.received(WireEvent(TUNE, DetectorSettings(threshold=0.6).to_dict()))
    score_all([visitor])
    assert any(isinstance(event, DetectorChanged) for event in given.events)


@given_(st.lists(st.tuples(st.floats(0, 3), st.floats(0.05, 1)), max_size=80))
def test_lasting_overload_raises_the_level_step_by_step(steps: list[tuple[float, float]]) -> None:
    overload, now, before, changed = Overload(), 0.0, 0, -10.0
    for waiting, passed in steps:
        now += passed
        moved = overload.take(waiting, now)
        assert moved == (overload.level != before)
        assert 0 <= overload.level <= len(LEVELS_S)
        if moved:
            assert abs(overload.level - before) == 1
            assert waiting >= LEVELS_S[before] if overload.level > before else waiting <= CALM_S
            assert now - changed >= STEADY_S / 4
            before, changed = overload.level, now


def test_overload_level_falls_after_overload() -> None:
    overload, now = Overload(), 0.0
    for _ in range(50):
        now += 0.2
        overload.take(1.0, now)
    assert overload.level == len(LEVELS_S)
    for _ in range(50):
        now += 0.2
        overload.take(0.0, now)
    assert overload.level == 0
