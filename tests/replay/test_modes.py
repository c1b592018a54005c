"""Rounds of every mode through a file: recorded, played again, checked, asked what if."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clocks import Clock
from tests.game.rounds import LEAVING, SETUPS, TIMED, Timed
from tests.replay.makers import NOW, Stage, spoken
from voicetrail.game import RoundSetup, make_rules
from voicetrail.play.rounds.round import Round
from voicetrail.replay.analysis.whatif import Override, what_if
from voicetrail.replay.file.reader import read
from voicetrail.replay.recorder import Recorder
from voicetrail.replay.timeline import Timeline


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SETUPS, TIMED, TIMED, LEAVING, st.integers(20, 700))
def test_replay_reproduces_the_round(
    tmp_path: Path, setup: RoundSetup, before: Timed, during: Timed, leaving: Timed, tick_ms: int
) -> None:
    path, clock, rules = tmp_path / f"{time.monotonic_ns()}.trail", Clock(), make_rules(setup)
    recorder = Recorder(rules)
    current = Round(rules, clock, recorder)
    now = 0

    def run(inputs: Timed) -> None:
        nonlocal now
        for item, pause in inputs:
            for at in range(now, now + pause, tick_ms):
                clock.now = 100 + at / 1000 + 1e-6
                current.tick()
            now += pause
            clock.now = 100 + now / 1000 + 1e-6
            current.do(item)

    run(before)
    recorder.start(current.now_ms, NOW, path=path)
    run([*during, *leaving])
    recorder.stop(current.now_ms)
    timeline = Timeline(read(path))
    assert timeline.replay.whole
    assert timeline.differences == []
    assert timeline.final.checksum() == rules.checksum()
    assert timeline.final.result() == rules.result()
    assert timeline.header.setup == rules.setup


@pytest.mark.parametrize(
    "setup",
    [
        RoundSetup("trace", "heart"),
        RoundSetup("maze", "small", 3),
        RoundSetup("snake", "large", 3),
        RoundSetup("echo", seed=3),
    ],
    ids=lambda setup: setup.mode,
)
def test_what_if_works_in_every_mode(tmp_path: Path, setup: RoundSetup) -> None:
    stage = Stage(make_rules(setup))  # type: ignore[arg-type]
    stage.start(tmp_path / "a.trail")
    for _ in stage.listen(spoken(5, 600)):
        pass
    stage.stop()
    replay = read(tmp_path / "a.trail")
    same = what_if(replay, Override())
    assert same.same
    assert Timeline(same.after).final.checksum() == stage.game.checksum()
    none = what_if(replay, Override(threshold=1.0))
    assert none.lost
    assert Timeline(none.after).final.result().words == 0
