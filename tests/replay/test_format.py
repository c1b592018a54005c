"""The file's lines: everything comes back as it was written, and nothing else gets in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay import strategies
from tests.replay.strategies import setups, words
from voicetrail.detector_settings import BOUNDS
from voicetrail.errors import ReplayError
from voicetrail.replay.file.entries import (
    Entry,
    Item,
    RecognizerStarted,
    ScoreRun,
)
from voicetrail.replay.file.format import Header, read_entry, read_header, write_entry, write_header
from voicetrail.spotting.detector import DetectorSettings, Phase, Snapshot, WordState

times = st.integers(0, 2**40)
scores = st.integers(0, 10_000).map(lambda value: value / 10_000)
tables = st.dictionaries(words, scores, max_size=4)
values = st.none() | st.booleans() | st.integers(-1000, 1000) | scores | words
thresholds = st.floats(BOUNDS["threshold"].low, BOUNDS["threshold"].high)
detectors = st.builds(
    DetectorSettings,
    thresholds=st.dictionaries(words, thresholds, max_size=3),
    **{name: st.floats(bounds.low, bounds.high) for name, bounds in BOUNDS.items()},
)
labels = st.lists(words, min_size=2, max_size=5, unique=True).map(tuple)


@st.composite
def recognizer(draw: st.DrawFn) -> RecognizerStarted:
    names = draw(labels)
    row = st.tuples(times, st.tuples(*[scores] * len(names)))
    state_of_word = st.builds(
        WordState, st.sampled_from(Phase), st.none() | times, scores, st.none() | st.floats(-1, 1), st.none() | words
    )
    states = st.dictionaries(words, state_of_word, max_size=3)
    state = Snapshot(tuple(draw(st.lists(row, max_size=3))), draw(states), draw(scores))
    return RecognizerStarted(
        draw(times), names, 640, draw(words), draw(words), draw(words), draw(detectors), draw(st.booleans()), state
    )


items: st.SearchStrategy[Item] = strategies.items(
    time=times,
    score=scores,
    word=words,
    value=values,
    detectors=detectors,
    recognizers=recognizer(),
    score_runs=st.builds(ScoreRun, times, st.integers(1, 25), st.text("abcXYZ019", max_size=30), st.integers(-50, 1000)),
    most_movements=16,
)


@settings(max_examples=80, deadline=None)
@given(item=items, before=st.integers(0, 10**9), passed=st.integers(-200, 10**7))
def test_every_entry_comes_back(item: Item, before: int, passed: int) -> None:
    entry = Entry(max(0, before + passed), item)
    line, at_ms = write_entry(entry, before)
    assert at_ms == entry.at_ms
    assert "\n" not in line
    assert read_entry(line, before) == entry


headers = st.builds(
    Header,
    date=words,
    title=words,
    setup=setups,
    began_ms=times,
    settings=st.dictionaries(words, values, max_size=4),
    weights_hash=words,
    sound=words,
)


@settings(max_examples=40, deadline=None)
@given(header=headers)
def test_every_header_comes_back(header: Header) -> None:
    assert read_header(write_header(header)) == header


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "null",
        '[1, "w"]',
        '[1, "w", ["up", 0.5, 10], 4]',
        '["1", "m", ""]',
        '[NaN, "m", ""]',
        '[1e300, "m", ""]',
        '[-1e9, "m", ""]',
        '[true, "m", ""]',
        '[1, 2, ""]',
        '[1, "w", ["up", 1.5, 10]]',
        '[1, "w", ["up", 0.5, -1]]',
        '[1, "w", ["up", 0.5, 1.5]]',
        '[1, "w", [["up"], 0.5, 1]]',
        '[1, "w", ["\\ud800", 0.5, 1]]',
        '[1, "n", ["up", 0.5, "because", 0.1, 10, null]]',
        '[1, "s", [0, 100000, "", 0]]',
        '[1, "i", {"do": "step", "direction": "sideways"}]',
        '[1, "i", {"do": "set_step", "length": 1000000}]',
        '[1, "i", {"do": "fly"}]',
        '[1, "l", [1, 2]]',
        '[1, "v", ["threshold", {}]]',
        '[1, "v", ["threshold", ' + "9" * 5000 + "]]",
        '[1, "b", ["gone", 1, ""]]',
        '[1, "e", {"time": 1}]',
        '[1, "d", {"threshold": 2}]',
        '[1, "m", "' + "x" * 300 + '"]',
        "[" * 100_000,
    ],
)
def test_invalid_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_entry(line, 0)


@pytest.mark.parametrize("line", ['[0.25, "z9", {"a": [1]}]', '[0.25,"z9",', '[0.25 , "z9", 1]'])
def test_line_with_unknown_code_keeps_its_time(line: str) -> None:
    assert read_entry(line, 1000) == 1250


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 3}, "newer voicetrail"),
        ({"version": True}, "no version"),
        ({"round": []}, "damaged"),
        ({"round": {"mode": "fly"}}, "damaged"),
        ({"round": {"seed": 1.5}}, "damaged"),
        ({"version": 10**30}, "newer voicetrail"),
        ({"version": "1"}, "no version"),
        ({"type": "cast"}, "not a voicetrail replay"),
        ({"canvas": [10**9, 10]}, "damaged"),
        ({"canvas": "wide"}, "damaged"),
        ({"mode": "fly"}, "damaged"),
        ({"step": 0}, "damaged"),
        ({"settings": []}, "damaged"),
    ],
)
def test_invalid_header_is_refused(change: dict[str, object], says: str) -> None:
    line = json.dumps(json.loads(write_header(Header())) | change)
    with pytest.raises(ReplayError, match=says):
        read_header(line)
