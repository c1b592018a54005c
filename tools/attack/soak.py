"""Feeds hours of speech, noise, silence and faults through the game's own session, as fast as possible, and watches its resources.

    python -m tools.attack soak --count 480       # minutes of sound

A new round begins after every ten minutes of sound, and each round is recorded. (A single sketch would grow by about 1 KB per word,
because its undo is unlimited.) After the first ten minutes, memory may grow by at most 5 MB, the numbers of threads and descriptors
must not change, and every recording must be readable and match its checksums.
"""

from __future__ import annotations

import contextlib
import os
import queue
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from voicetrail.audio.file import FileSource, demo_path
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceBack, SourceEnded, SourceEvent, SourceLost
from voicetrail.game import RoundSetup, make_rules
from voicetrail.play.listening.updates import Problem, SourceOpened, Spectrum, Update
from voicetrail.play.setup import make_context
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.settings import load_settings
from voicetrail.teaching.recorder import read_all

Sound = npt.NDArray[np.float32]

BLOCK = SAMPLE_RATE // 50
GROWTH_MB = 5.0
SETTLE_PART = 0.25
"""Part of the sound after which memory counts as settled, for short runs; long runs use ten minutes."""
ROUND_S = 600.0
"""Sound per round, in s."""
LOOK_S = 60.0
"""Sound between two measurements, in s."""


@dataclass
class Outcome:
    """The measured resources of the session."""

    minutes: int
    words: int = 0
    failures: list[str] = field(default_factory=list)
    looks: list[tuple[float, float, int, int]] = field(default_factory=list)
    """Minutes of sound, resident memory in MB, threads, descriptors."""
    wall_s: float = 0.0

    def __str__(self) -> str:
        settled = self.looks[0] if self.looks else (0.0, 0.0, 0, 0)
        last = self.looks[-1] if self.looks else settled
        return (
            f"{self.minutes} min of sound in {self.wall_s:.0f} s, {self.words} words; memory {settled[1]:.1f} -> {last[1]:.1f} MB, "
            f"threads {settled[2]} -> {last[2]}, descriptors {settled[3]} -> {last[3]}; {len(self.failures)} failures"
        )


class MixedSource:
    """A source with everything that a long evening brings: words, speech-like noise, silence, gaps, and an unplugged microphone.

    Args:
        minutes: length of the sound.
        seed: seed of the order.
    """

    live = False
    delay_s = None
    name = "soak"

    def __init__(self, minutes: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._left = minutes * 60 * SAMPLE_RATE
        self.done = 0
        """Samples that were read."""
        self._voice = read_all(FileSource(demo_path()))
        self._noise = (self._rng.standard_normal(1 << 18) * 0.02).astype(np.float32)
        self._now: Sound = np.zeros(0, dtype=np.float32)
        self._events: list[SourceEvent] = []

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Return the next block, or occasionally an event."""
        if self._events:
            return self._events.pop(0)
        if self._left <= 0:
            return SourceEnded(0)
        if len(self._now) < BLOCK:
            self._now = np.concatenate((self._now, self._piece()))
            if self._rng.random() < 0.02:
                self._events = [SourceLost(0, "the microphone was unplugged"), SourceBack(0, self.name)]
        block, self._now = self._now[:BLOCK], self._now[BLOCK:]
        self._left -= BLOCK
        self.done += BLOCK
        lost = int(self._rng.integers(1, 4000)) if self._rng.random() < 0.0005 else 0
        return AudioBlock(block, None, lost)

    def _piece(self) -> Sound:
        kind, size = self._rng.random(), int(self._rng.uniform(0.5, 8.0) * SAMPLE_RATE)
        if kind < 0.5:
            since = int(self._rng.integers(0, len(self._voice) - size))
            return self._voice[since : since + size] * np.float32(self._rng.uniform(0.1, 1.5))
        if kind < 0.8:
            since = int(self._rng.integers(0, len(self._noise) - size))
            return self._noise[since : since + size] * np.float32(self._rng.uniform(0.1, 20.0))
        return np.zeros(size, dtype=np.float32)

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def run(count: int = 480, seed: int = 1) -> Outcome:
    """Feed sound.

    Args:
        count: minutes of sound.
        seed: seed of the sound.
    """
    outcome, began = Outcome(count), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voicetrail-soak-") as folder, _data_folder(folder):
        env = {**os.environ, "VOICETRAIL_CONFIG_DIR": f"{folder}/config", "VOICETRAIL_STATE_DIR": f"{folder}/state"}
        settings = load_settings({"tutorial": False, "record_audio": False}, env=env)
        source = MixedSource(count, seed)
        context = make_context(settings, opened=source, record=True)
        round_ = context.begin_round(make_rules(RoundSetup("sketch")))
        updates: queue.Queue[tuple[Update, ...]] = queue.Queue(maxsize=64)
        context.start(updates.put)
        settled = min(10 * 60, count * 60 * SETTLE_PART)
        next_look, next_round = settled, ROUND_S
        while context.state not in ("ended", "keyboard"):
            for update in updates.get(timeout=60):
                item = context.take(update)
                if not isinstance(item, Problem | SourceOpened | Spectrum):
                    outcome.words += round_.hear(item) is not None
            if source.done / SAMPLE_RATE >= next_round:
                context.leave_round()
                round_ = context.begin_round(make_rules(RoundSetup("sketch")))
                next_round += ROUND_S
            if source.done / SAMPLE_RATE >= next_look:
                outcome.looks.append((source.done / SAMPLE_RATE / 60, _memory_mb(), threading.active_count(), _descriptors()))
                next_look += LOOK_S
        if context.state == "keyboard":
            outcome.failures.append("listening ended with an error")
        context.close()
        _judge(outcome)
        for recording in sorted(Path(folder).rglob("*.trail")):
            _check(recording, outcome)
    outcome.wall_s = time.monotonic() - began
    return outcome


@contextlib.contextmanager
def _data_folder(folder: str) -> Iterator[None]:
    """Save recordings and scores below a folder, within this context."""
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_DATA_HOME"]
        else:
            os.environ["XDG_DATA_HOME"] = before


def _judge(outcome: Outcome) -> None:
    if len(outcome.looks) < 2:
        outcome.failures.append("too little sound to judge")
        return
    first = outcome.looks[0]
    for minute, memory, threads, descriptors in outcome.looks[1:]:
        if memory > first[1] + GROWTH_MB:
            outcome.failures.append(f"memory grew by {memory - first[1]:.1f} MB at minute {minute:.0f}")
            break
        if threads != first[2] or descriptors != first[3]:
            outcome.failures.append(f"{threads} threads and {descriptors} descriptors at minute {minute:.0f}")
            break


def _check(recording: Path, outcome: Outcome) -> None:
    timeline = Timeline(read(recording))
    if timeline.differences:
        outcome.failures.append(f"{recording.name} differs from its checksums: {timeline.differences[0]}")


def _memory_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
