"""Kills a recording repeatedly, and checks the remaining files.

    python -m tools.attack.kills [COUNT] [SEED]

A process records sound, scores and inputs in real time, and is killed (SIGKILL) at a random moment. At most one second of sound and of
everything else may be lost, the rest must be readable and equal what was recorded, and there must be no empty sound file.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile

from voicetrail.game import RoundSetup, inputs, make_rules
from voicetrail.replay.file.entries import RecognizerStarted
from voicetrail.replay.file.reader import read
from voicetrail.replay.file.writer import Hop, Sound
from voicetrail.replay.recorder import Recorder
from voicetrail.replay.timeline import Timeline

HOP = 640
HOP_S = 0.04
LOSS_MAX_S = 1.0
LABELS = ("up", "down", "left", "right", "_unknown_", "_background_noise_")
AT_ONCE = 8
NOISE = np.random.default_rng(1).normal(0, 0.1, HOP * 100).astype(np.float32)


@dataclass
class Outcome:
    """The results of the kills."""

    kills: int = 0
    failures: list[str] = field(default_factory=list)
    sound_lost_s: list[float] = field(default_factory=list)
    rest_lost_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {len(self.failures)} failures; lost at most {max(self.sound_lost_s, default=0):.2f} s of sound"
            f" and {max(self.rest_lost_s, default=0):.2f} s of the rest"
        )


@dataclass(frozen=True)
class _Recording:
    process: int
    path: Path
    heard: int
    """Descriptor from which a byte is read for each recorded hop."""
    ends: float


def run(count: int, seed: int) -> Outcome:
    """Kill ``count`` recordings, several in parallel."""
    dice = random.Random(seed)
    outcome = Outcome()
    recordings: list[_Recording] = []
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        for number in range(count):
            after_s = dice.choice((0.3, 1.0, 3.0)) * dice.random()
            recordings.append(_start(Path(folder) / f"{number}.trail", after_s))
            while len(recordings) == AT_ONCE or (number == count - 1 and recordings):
                first = min(recordings, key=lambda one: one.ends)
                recordings.remove(first)
                _kill(first, outcome)
    return outcome


def _start(path: Path, after_s: float) -> _Recording:
    read_end, write_end = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(read_end)
            _record(path, write_end)
        finally:
            os._exit(1)
    os.close(write_end)
    os.read(read_end, 1)  # it records
    return _Recording(process, path, read_end, time.monotonic() + after_s)


def _kill(one: _Recording, outcome: Outcome) -> None:
    time.sleep(max(0.0, one.ends - time.monotonic()))
    os.kill(one.process, signal.SIGKILL)
    os.waitpid(one.process, 0)
    hops = 1
    while chunk := os.read(one.heard, 65_536):
        hops += len(chunk)
    os.close(one.heard)
    # A byte is sent before its hop, so the last hop may not have been recorded.
    _look(one.path, max(0, hops - 2), outcome)
    outcome.kills += 1


def _look(path: Path, hops: int, outcome: Outcome) -> None:
    replay = read(path)
    if replay.damaged or "cut off" not in replay.remark:
        outcome.failures.append(f"{path.name}: {replay.remark}")
    if Timeline(replay).differences:
        outcome.failures.append(f"{path.name}: another drawing")
    lost_s = hops * HOP_S - replay.duration_ms / 1000
    outcome.rest_lost_s.append(lost_s)
    sound = path.with_suffix(".flac")
    samples = np.zeros(0, dtype=np.float32)
    if sound.exists():
        if sound.stat().st_size == 0:
            outcome.failures.append(f"{sound.name} is empty")
            return
        samples, _ = soundfile.read(sound, dtype="float32")
        expected = np.resize(NOISE, len(samples))
        if not len(samples) or np.abs(samples - expected).max() > 1e-4:
            outcome.failures.append(f"{sound.name} holds something else than was recorded")
    sound_lost_s = hops * HOP_S - len(samples) / 16_000
    outcome.sound_lost_s.append(sound_lost_s)
    if max(lost_s, sound_lost_s) > LOSS_MAX_S:
        outcome.failures.append(f"{path.name}: lost {sound_lost_s:.2f} s of sound and {lost_s:.2f} s of the rest")


def _record(path: Path, out: int) -> None:
    game = make_rules(RoundSetup())
    recorder = Recorder(game)
    recorder.start(0, datetime(2026, 5, 4, tzinfo=UTC), path=path, sound=True)
    recording = recorder._recording
    assert recording is not None
    recording.put(RecognizerStarted(0, LABELS, HOP, "", "", ""), 0)
    began = time.monotonic()
    hop = 0
    while True:
        os.write(out, b".")
        hop += 1
        time.sleep(max(0.0, began + hop * HOP_S - time.monotonic()))
        at_ms = int((time.monotonic() - began) * 1000)
        sound = NOISE[(hop - 1) % 100 * HOP :][:HOP]
        recording.writer.put(Sound(round(hop * HOP_S * 1000), hop * HOP, sound, True))
        recording.writer.put(Hop(at_ms, hop * HOP, HOP, (hop % 100,) * len(LABELS)))
        if hop % 15 == 0:
            step = inputs.Move("up" if hop % 2 else "right")
            recorder.record(step, at_ms)
            game.apply(step, at_ms)


if __name__ == "__main__":
    found = run(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(found)
    for failure in found.failures[:20]:
        print(failure)
    sys.exit(1 if found.failures else 0)
