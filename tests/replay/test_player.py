"""The player's pure core: a position that moves with the clock."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.clocks import Clock
from tests.replay.makers import Stage, record_spoken, sketch
from voicetrail.game import Clear, Move, SetMovement, Sketch, Undo
from voicetrail.replay.file.reader import read
from voicetrail.replay.history import SNAPSHOT_INPUTS
from voicetrail.replay.player import SPEEDS, Player
from voicetrail.replay.timeline import Timeline


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """A session with several snapshots, undone strokes and glides."""
    path = tmp_path_factory.mktemp("long") / "a.trail"
    dice, stage = random.Random(4), Stage(Sketch(201, 101))
    stage.start(path)
    for number in range(5 * SNAPSHOT_INPUTS):
        roll = dice.random()
        item = (
            Undo()
            if roll < 0.1
            else Clear()
            if roll < 0.11
            else SetMovement(dice.choice(("step", "glide")))
            if roll < 0.15
            else Move(dice.choice(("up", "down", "left", "right")), "key")
        )
        stage.do(item, number * 300)
    stage.stop()
    return Timeline(read(path))


def test_seeking_gives_the_same_state_as_playing(long: Timeline) -> None:
    clock = Clock()
    player, straight = Player(long, clock), Player(long, clock)
    assert len(long._history._snapshots) > 4
    moments = sorted(random.Random(1).randrange(long.duration_ms) for _ in range(40))
    sums = {}
    for at_ms in moments:
        straight.go(at_ms)
        sums[at_ms] = straight.game.checksum()
    random.Random(2).shuffle(moments)
    for at_ms in moments:
        player.seek(at_ms)
        assert player.game.checksum() == sums[at_ms]


def test_changed_cells_are_complete(long: Timeline) -> None:
    clock = Clock()
    player = Player(long, clock)
    player.play()
    shown = dict(sketch(player.game).trail.cells)
    for _ in range(200):
        clock.now += 0.7
        for cell in player.advance():
            shown[cell] = sketch(player.game).trail.cells.get(cell, 0)
        assert {cell: mask for cell, mask in shown.items() if mask} == sketch(player.game).trail.cells


def test_playback_keeps_time_at_every_speed(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", hops=1000)
    clock = Clock()
    player = Player(Timeline(read(tmp_path / "a.trail")), clock)
    player.play()
    at = 0.0
    for number, speed in enumerate(SPEEDS):
        player.set_speed(number)
        clock.now += 1.0
        player.advance()
        at += 1000 * speed
        assert player.position_ms == pytest.approx(at, abs=10)
    player.pause()
    clock.now += 5
    assert player.advance() == frozenset()
    assert player.position_ms == pytest.approx(at, abs=10)
    player.play()
    clock.now += 100
    player.advance()
    assert (player.at_end, player.playing) == (True, False)


def test_steps_stop_at_every_event_in_both_directions(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", hops=300)
    player = Player(Timeline(read(tmp_path / "a.trail")), Clock())
    there = []
    while not player.at_end:
        player.step(1)
        there.append(player.position_ms)
    # The last words lie before the end, which is a stop as well.
    assert there == sorted({*player.timeline.stops, player.timeline.duration_ms} - {0})
    back = []
    while player.position_ms > 0:
        player.step(-1)
        back.append(player.position_ms)
    assert back == [*reversed(there[:-1]), 0]
