"""Recording: what was done comes back as the same drawing, and no trouble with the disk reaches the game."""

from __future__ import annotations

import os
import random
import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.replay.makers import NOW, Stage, record_spoken, sketch, spoken
from tests.replay.strategies import inputs
from voicetrail.errors import ReplayError
from voicetrail.events import SamplesLost, SourceLost, WordHeard, WordRejected
from voicetrail.game import (
    Input,
    Move,
    Pause,
    Resume,
    RoundSetup,
    SetBackground,
    SetMovement,
    Sketch,
    Tick,
    Undo,
    make_rules,
)
from voicetrail.game.mode_list import ModeName
from voicetrail.replay import library as store
from voicetrail.replay.file.entries import (
    Checksum,
    EarlierInputs,
    End,
    Marker,
    RecognizerStarted,
    ScoreRun,
    SettingChanged,
)
from voicetrail.replay.file.format import Header
from voicetrail.replay.file.reader import read
from voicetrail.replay.file.scores import decode, quantize
from voicetrail.replay.recorder import Recorder
from voicetrail.replay.timeline import Timeline

LEVELS: dict[ModeName, str] = {"sketch": "", "trace": "square", "maze": "small", "snake": "small", "echo": ""}

things = st.tuples(inputs, st.integers(0, 3000))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(before=st.lists(things, max_size=8), during=st.lists(things, max_size=25), ticks=st.integers(20, 700))
def test_replay_reproduces_the_drawing(
    tmp_path: Path, before: list[tuple[Input, int]], during: list[tuple[Input, int]], ticks: int
) -> None:
    path = tmp_path / f"{time.monotonic_ns()}.trail"
    stage = Stage()
    ms = 0

    def run(script: list[tuple[Input, int]]) -> None:
        nonlocal ms
        for item, pause in script:
            for tick in range(ms, ms + pause, ticks):
                stage.at(tick)
                stage.session.tick()
            ms += pause
            stage.do(item, ms)

    run(before)
    stage.start(path)
    run(during)
    stage.stop()
    timeline = Timeline(read(path))
    assert timeline.replay.whole
    assert timeline.checked >= 2
    assert timeline.differences == []
    assert timeline.final.checksum() == stage.game.checksum()
    assert sketch(timeline.final).trail.cells == stage.game.trail.cells


def test_every_kind_is_kept_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "all.trail"
    stage = Stage()
    stage.do(Move("left", "key"), 500)
    stage.at(1000)
    stage.start(path, about=Header(title="mine", settings={"threshold": 0.5}))
    stage.do(Move("up", "key"), 1500)
    for item, ms in ((SettingChanged("threshold", 0.7), 1700), (Marker("here"), 1800)):
        stage.recorder.record(item, ms)
    stage.do(Tick(), 1900)
    stage.at(2000)
    stage.stop()
    recording = read(path)
    assert recording.header.title == "mine"
    assert recording.header.settings == {"threshold": 0.5}
    assert recording.header.began_ms == 1000
    assert recording.header.date == NOW.isoformat()
    assert [(entry.at_ms, type(entry.item).__name__) for entry in recording.entries] == [
        (0, "EarlierInputs"),
        (0, "Checksum"),
        (500, "Move"),
        (700, "SettingChanged"),
        (800, "Marker"),
        (1000, "Checksum"),
        (1000, "Totals"),
        (1000, "End"),
    ]


def test_checksums_come_every_few_seconds_while_something_is_drawn(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for ms in range(0, 60_000, 700):
        stage.do(Move("up" if ms % 1400 else "right"), ms)
    stage.stop()
    timeline = Timeline(read(tmp_path / "a.trail"))
    assert timeline.checked >= 10
    assert timeline.differences == []


def test_scores_round_trip_exactly(tmp_path: Path) -> None:
    rows = spoken(5, 130)
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for _ in stage.listen(rows):
        pass
    stage.stop()
    entries = read(tmp_path / "a.trail").entries
    recognizer = next(entry.item for entry in entries if isinstance(entry.item, RecognizerStarted))
    runs = [entry.item for entry in entries if isinstance(entry.item, ScoreRun)]
    assert recognizer.time == 640
    assert recognizer.weights == "test weights"
    kept = [row for run in runs for row in decode(run.text, run.hops, 6)]
    # The first hop is in the detector's state.
    assert recognizer.state.recent[-1][1] == rows[0]
    assert kept == [quantize(row) for row in rows[1:]]
    assert [run.time for run in runs] == [640 * 2 + 640 * 25 * number for number in range(len(runs))]


def test_scores_can_be_turned_off(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", scores=False)
    items = [entry.item for entry in read(tmp_path / "a.trail").entries]
    assert not any(isinstance(item, ScoreRun | RecognizerStarted) for item in items)
    assert any(isinstance(item, WordHeard) for item in items)


def test_second_recording_includes_earlier_inputs(tmp_path: Path) -> None:
    stage = Stage()
    for number in range(500):
        stage.do(Move(("up", "right", "down", "left")[number % 4 if number < 480 else 1], "key"), number * 10)
    stage.start(tmp_path / "a.trail")
    stage.do(Undo(), 6000)
    stage.stop()
    stage.at(7000)
    stage.start(tmp_path / "b.trail")
    stage.stop()
    second = Timeline(read(tmp_path / "b.trail"))
    assert sum(len(entry.item.inputs) for entry in second.replay.entries if isinstance(entry.item, EarlierInputs)) == 501
    assert second.final.checksum() == stage.game.checksum()


def test_recorder_never_overwrites_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.trail"
    path.write_text("precious")
    with pytest.raises(ReplayError, match="never overwrites"):
        Stage().start(path)
    assert path.read_text() == "precious"


def test_recorder_never_overwrites_a_sound_file(tmp_path: Path) -> None:
    (tmp_path / "mine.flac").write_text("precious")
    with pytest.raises(ReplayError, match=r"mine\.flac exists already"):
        Stage().start(tmp_path / "mine.trail", sound=True)
    assert (tmp_path / "mine.flac").read_text() == "precious"
    assert not (tmp_path / "mine.trail").exists()


@pytest.mark.parametrize("name", ["file/x.trail", "nul\0.trail"])
def test_unusable_path_raises(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReplayError, match="cannot record to"):
        Stage().start(tmp_path / name)


def test_default_names_are_unique_times(tmp_path: Path) -> None:
    first = store.new_path(NOW, tmp_path)
    assert first.name == "2026-05-04-133705.trail"
    first.touch()
    second = store.new_path(NOW, tmp_path)
    assert second.name == "2026-05-04-133705-2.trail"
    second.with_suffix(".flac").touch()
    assert store.new_path(NOW, tmp_path).name == "2026-05-04-133705-3.trail"


def test_full_disk_stops_only_the_recording(tmp_path: Path) -> None:
    """A limit on the size of files makes the same error path as a full disk."""
    path = tmp_path / "a.trail"
    stage = Stage()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, old[1]))
    try:
        stage.start(path)
        for number in range(100):
            stage.do(Move("up" if number % 2 else "right"), number * 100)
            time.sleep(0.001)
        deadline = time.monotonic() + 5
        while stage.recorder.running and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert stage.problems == [os.strerror(27)]
    assert stage.recorder.problem == stage.problems[0]
    stage.stop()
    recording = read(path)
    assert recording.damaged == 0
    assert Timeline(recording).differences == []
    assert recording.entries[-1].item == End(stage.problems[0])
    # Another recording can begin.
    stage.start(tmp_path / "b.trail")
    assert stage.recorder.running
    stage.stop()
    assert Timeline(read(tmp_path / "b.trail")).final.checksum() == stage.game.checksum()


def test_words_and_scores_keep_their_order(tmp_path: Path) -> None:
    """A word lies between the scores before it and those after it, with the time at which it was decided."""
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for _ in stage.listen(spoken(5, 200)):
        pass
    stage.stop()
    times = []
    for entry in read(tmp_path / "a.trail").entries:
        if isinstance(entry.item, WordHeard | WordRejected):
            times.append(entry.item.time)
            assert entry.at_ms == entry.item.time // 16
    assert len(times) > 3
    assert times == sorted(times)


def test_earlier_inputs_are_split_into_readable_lines(tmp_path: Path) -> None:
    stage = Stage()
    for number in range(30):
        stage.do(SetBackground("\x01" * 15_000 if number % 2 else "─" * 100), number)
        stage.do(Move("up", "key"), number)
    stage.at(100)
    stage.start(tmp_path / "a.trail")
    stage.stop()
    replay = read(tmp_path / "a.trail")
    assert replay.remark == ""
    assert Timeline(replay).final.checksum() == stage.game.checksum()


@pytest.mark.parametrize("setup", [RoundSetup(mode, level=level, seed=7) for mode, level in LEVELS.items()])
def test_every_mode_comes_back(tmp_path: Path, setup: RoundSetup) -> None:
    game = make_rules(setup)
    recorder = Recorder(game)
    recorder.start(0, NOW, path=tmp_path / "a.trail")
    dice = random.Random(1)
    for number in range(60):
        item = (
            Tick()
            if game.ended
            else dice.choice((Move("up"), Move("left"), Move("right"), Move("down", "key"), Pause(), Resume()))
        )
        recorder.record(item, number * 700)
        game.apply(item, number * 700)
    recorder.stop(60_000)
    replay = read(tmp_path / "a.trail")
    timeline = Timeline(replay)
    assert replay.header.setup == game.setup
    assert timeline.differences == []
    assert timeline.final.checksum() == game.checksum()
    game.apply(Tick(), 60_000)
    assert timeline.final.result() == game.result()


def test_a_lost_source_is_kept_in_its_place(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for _ in stage.listen(spoken(5, 60), changes={30: SourceLost(0, "unplugged \x1b[31m")}):
        pass
    stage.stop()
    items = [entry.item for entry in read(tmp_path / "a.trail").entries]
    place = items.index(SourceLost(30 * 640, "unplugged \N{REPLACEMENT CHARACTER}[31m"))
    before = [item for item in items[:place] if isinstance(item, ScoreRun)][-1]
    after = next(item for item in items[place:] if isinstance(item, ScoreRun))
    assert before.time + 640 * (before.hops - 1) == 30 * 640
    assert after.time == 31 * 640


def test_recording_never_blocks(tmp_path: Path) -> None:
    """A writer that is stuck (a disk that hangs) costs the game nothing, and recording ends with the reason."""
    stage = Stage(Sketch())
    stage.start(tmp_path / "a.trail")
    recording = stage.recorder._recording
    assert recording is not None
    recording.writer._when_due = lambda: time.sleep(0.5)  # type: ignore[method-assign]
    began = time.monotonic()
    for number in range(5000):
        stage.recorder.record(SetMovement("step"), number)
    assert stage.recorder.problem == "the disk is too slow"
    # Each item takes the writer half a second: waiting for it would take most of an hour.
    assert time.monotonic() - began < 60


def test_checksums_are_kept_in_the_sessions_time(tmp_path: Path) -> None:
    stage = Stage(Sketch(movement="glide", glide_silence=0))
    stage.do(Move("up"), 0)
    stage.at(900)
    stage.session.tick()
    stage.at(1000)
    stage.start(tmp_path / "a.trail")
    stage.at(1700)
    stage.stop()
    sums = [entry.item for entry in read(tmp_path / "a.trail").entries if isinstance(entry.item, Checksum)]
    assert [one.at_ms for one in sums] == [900, 900]
    assert Timeline(read(tmp_path / "a.trail")).differences == []


def test_an_error_of_the_program_is_reported(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    stage.recorder.hear(SamplesLost(0, object(), 1), 10)  # type: ignore[arg-type]
    deadline = time.monotonic() + 5
    while not stage.problems and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(stage.problems) == 1
    assert stage.problems[0].startswith("a program error (")
    stage.stop()
    assert read(tmp_path / "a.trail").entries[-1].item == End(stage.problems[0])
