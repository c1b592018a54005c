"""Whatever the writer can write, the reader reads: one table of bounds, held from both sides."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.replay import strategies
from tests.replay.makers import HOP, LABELS
from tests.replay.strategies import setups
from voicetrail.events import (
    WordHeard,
)
from voicetrail.replay.analysis.whatif import Override, what_if
from voicetrail.replay.file.codes import CODES, INPUT, to_line
from voicetrail.replay.file.entries import (
    End,
    Entry,
    Item,
    Marker,
    RecognizerStarted,
    ScoreRun,
)
from voicetrail.replay.file.format import Header, read_entry, read_header, write_entry, write_header
from voicetrail.replay.file.reader import read
from voicetrail.replay.file.writer import Hop, Sound, TrailWriter
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.detector import DetectorSettings, Phase, Snapshot, WordState

CASES = Path(__file__).parent / "cases"
"""Replays of the program itself and of others that broke an earlier version."""

anything = st.text(st.characters(), max_size=400)
"""Also half surrogates, and longer than any field."""
whole = st.integers(-(2**70), 2**70)
number = st.floats(allow_nan=True, allow_infinity=True)
table = st.dictionaries(anything, number, max_size=4)
value = st.none() | st.booleans() | whole | number | anything
detectors = st.builds(DetectorSettings, number, table, number, number, number, number)
snapshots = st.builds(
    Snapshot,
    st.lists(st.tuples(whole, st.tuples(*[number] * 3)), max_size=3).map(tuple),
    st.dictionaries(
        anything,
        st.builds(WordState, st.sampled_from(Phase), st.none() | whole, number, st.none() | number, st.none() | anything),
        max_size=3,
    ),
    number,
)
labels = st.lists(st.text(st.characters(codec="utf-8"), max_size=190), min_size=3, max_size=3, unique=True).map(tuple)
wild: st.SearchStrategy[Item] = strategies.items(
    time=whole,
    score=number,
    word=anything,
    value=value,
    detectors=detectors,
    recognizers=st.builds(
        RecognizerStarted, whole, labels, whole, anything, anything, anything, detectors, st.booleans(), snapshots
    ),
    score_runs=st.builds(ScoreRun, whole, whole, anything, whole),
    most_movements=20,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(item=wild, at_ms=whole, before_ms=st.integers(0, 2**53))
def test_every_written_entry_can_be_read(item: Item, at_ms: int, before_ms: int) -> None:
    line, written_ms = write_entry(Entry(at_ms, item), before_ms)
    line.encode()
    entry = read_entry(line, before_ms)
    assert isinstance(entry, Entry)
    assert entry.at_ms == written_ms
    # What was within the bounds once stays as it is.
    again, _ = write_entry(entry, before_ms)
    assert json.loads(again)[1:] == json.loads(line)[1:]


@settings(max_examples=50, deadline=None)
@given(
    header=st.builds(
        Header,
        date=anything,
        title=anything,
        setup=setups,
        began_ms=whole,
        settings=st.dictionaries(anything, value, max_size=4),
        sound=anything,
    )
)
def test_every_written_header_can_be_read(header: Header) -> None:
    assert write_header(read_header(write_header(header))) == write_header(header)


def test_test_covers_every_code() -> None:
    written = set()

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(item=wild)
    def write(item: Item) -> None:
        written.add(to_line(item)[0])

    write()
    assert written == set(CODES)
    assert all(code.data is INPUT or code.data.about for code in CODES.values())


jumps = st.integers(-200_000, 200_000) | st.integers(-(2**45), 2**45)
"""Times that go back and forth, also by years: computers are suspended, and their clocks are set."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sampled_from("hsew"), jumps), max_size=30), seed=st.integers(0, 999))
def test_clock_jumps_do_not_damage_the_file(tmp_path: Path, steps: list[tuple[str, int]], seed: int) -> None:
    path = tmp_path / f"{seed}-{len(list(tmp_path.iterdir()))}.trail"
    writer = TrailWriter(path, Header(), sound=path.with_suffix(".flac"))
    writer.put(Entry(0, RecognizerStarted(0, LABELS, HOP, "", "", "")))
    at_ms = time = 0
    sound = np.zeros(HOP, dtype=np.float32)
    for kind, jump in steps:
        at_ms = max(0, at_ms + (jump if kind == "e" else min(jump, 10_000)))
        time += HOP
        if kind == "h":
            writer.put(Hop(at_ms, time, HOP, (100,) * len(LABELS)))
        elif kind == "s":
            writer.put(Sound(min(at_ms, 100_000), time, sound, True))
        elif kind == "w":
            writer.put(Entry(at_ms, WordHeard(time, "up", 0.9)))
        else:
            writer.put(Entry(at_ms, Marker()))
    writer.put(Entry(at_ms, End()))
    writer.close()
    assert writer.problem == ""
    replay = read(path)
    assert (replay.damaged, replay.remark) == (0, "")
    assert sum(isinstance(entry.item, WordHeard) for entry in replay.entries) == sum(kind == "w" for kind, _ in steps)


def test_suspended_session_is_read_completely() -> None:
    """Written by an earlier version, whose own reader refused a line of it."""
    replay = read(CASES / "suspended_a_minute.trail")
    assert replay.remark == ""
    assert Timeline(replay).differences == []
    assert what_if(replay, Override()).same


@pytest.mark.parametrize("suspended_ms", [0, 61_000, 40 * 3_600_000])
def test_scores_that_were_waiting_while_the_program_was_suspended_keep_their_time(tmp_path: Path, suspended_ms: int) -> None:
    writer = TrailWriter(tmp_path / "a.trail", Header())
    writer.put(Entry(0, RecognizerStarted(0, LABELS, HOP, "", "", "")))
    for number in range(1, 30):
        writer.put(Hop(40 * number + (suspended_ms if number > 10 else 0), HOP * number, HOP, (number,) * len(LABELS)))
        if number == 10:
            writer.put(Entry(400 + suspended_ms, WordHeard(HOP * 10, "up", 0.9)))
    writer.close()
    runs = [(entry.at_ms, entry.item) for entry in read(tmp_path / "a.trail").entries if isinstance(entry.item, ScoreRun)]
    ends = [at_ms - run.late_ms for at_ms, run in runs]
    assert ends[-1] == 40 * 29 + suspended_ms
    assert sum(run.hops for _, run in runs) == 29
