"""Makes sessions for the tests: a listener that gives out scores of our choice, and a game that a recorder keeps."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tests.clocks import Clock
from tests.sources import Items
from voicetrail.events import AudioBlock, Ready, SourceEvent, WordHeard, WordRejected
from voicetrail.game import Input, Sketch
from voicetrail.game.rules import Rules
from voicetrail.listening import Listener
from voicetrail.play.rounds.round import Round
from voicetrail.replay.file.format import Header
from voicetrail.replay.recorder import Recorder
from voicetrail.spotting.detector import Detector, DetectorSettings

HOP = 640
LABELS = ("up", "down", "left", "right", "_unknown_", "_background_noise_")
NOW = datetime(2026, 5, 4, 13, 37, 5, tzinfo=UTC)


QUIET = np.random.default_rng(0).normal(0, 0.05, (50, HOP)).astype(np.float32)
"""Hops of a room; sessions have them over and over."""


class ScriptedRecognizer:
    """Gives the scores that a test chose, a row a hop; afterwards, silence."""

    hop = HOP
    window_samples = 16_000
    score_filter = None

    def __init__(self, rows: Sequence[tuple[float, ...]], labels: tuple[str, ...] = LABELS) -> None:
        self.labels = labels
        self._rows = iter(rows)

    def score(self, window: npt.NDArray[np.float32], blanked: int = 0) -> tuple[float, ...]:
        return next(self._rows, (0.0,) * (len(self.labels) - 1) + (1.0,))


def quiet_hops(hops: int, changes: Mapping[int, SourceEvent] | None = None) -> Iterator[AudioBlock | SourceEvent]:
    """So many hops of quiet sound, a hop a block, with changes of the source in between."""
    for hop in range(hops):
        if changes and hop in changes:
            yield changes[hop]
        yield AudioBlock(QUIET[hop % len(QUIET)])


def spoken(seed: int, hops: int, labels: tuple[str, ...] = LABELS, every: int = 40) -> list[tuple[float, ...]]:
    """Scores as of someone who says a word now and then, some clearly and some hardly, over restless noise."""
    dice = random.Random(seed)
    rows = []
    word, height = 0, 0.0
    for hop in range(hops):
        if hop % every == 0:
            word, height = dice.randrange(len(labels) - 2), dice.choice((0.4, 0.7, 0.82, 0.9, 0.97))
        lift = height * max(0.0, math.sin(math.pi * (hop % every) / 15)) if hop % every < 15 else 0.0
        raw = [abs(dice.gauss(0, 0.01)) for _ in labels]
        raw[word] += lift
        raw[-1] += max(0.0, 1 - lift)
        total = sum(raw)
        rows.append(tuple(round(value / total, 3) for value in raw))
    return rows


class Stage:
    """A session on its own clock, recorded or not: what the game's screen does, without the screen."""

    def __init__(self, game: Sketch | None = None) -> None:
        self.clock = Clock()
        self.game = game or Sketch(101, 51)
        self.session = Round(self.game, self.clock)
        self.problems: list[str] = []
        """Why recordings ended by themselves."""
        self.session.recorder = self.recorder = Recorder(self.game, self.problems.append)

    def at(self, ms: int) -> None:
        """Let the session's clock show this time."""
        self.clock.now = 100.0 + ms / 1000 + 1e-6

    def start(self, path: Path, **options: object) -> Path:
        return self.recorder.start(self.session.now_ms, NOW, path=path, **options)  # type: ignore[arg-type]

    def stop(self) -> None:
        self.recorder.stop(self.session.now_ms)

    def do(self, item: Input, ms: int) -> None:
        self.at(ms)
        self.session.do(item)

    def listen(
        self,
        rows: Sequence[tuple[float, ...]],
        *,
        settings: DetectorSettings | None = None,
        changes: Mapping[int, SourceEvent] | None = None,
        labels: tuple[str, ...] = LABELS,
        from_ms: int = 0,
    ) -> Iterator[tuple[int, Listener]]:
        """Listen to rows of scores; yields before every hop, so that a test can change things on the way."""
        recognizer = ScriptedRecognizer(rows, labels)
        # As weights ship them: thresholds that nobody can change.
        detector = Detector(labels, settings or DetectorSettings(thresholds=MappingProxyType({"_": 0.5})))
        listener = Listener(Items(quiet_hops(len(rows), changes), name="scripted"), recognizer, detector)
        self.recorder.attach(listener, Ready(labels, "scripted", "test weights", "0" * 64))
        hop = 0
        events = listener.events()
        yield hop, listener
        for event in events:
            self.at(from_ms + listener.time * 1000 // 16_000)
            self.recorder.hear(event, self.session.now_ms)
            if isinstance(event, WordHeard | WordRejected):
                self.session.hear(event)
            if listener.time // HOP > hop:
                hop = listener.time // HOP
                yield hop, listener


def sketch(game: Rules) -> Sketch:
    """The game as the drawing that it is."""
    assert isinstance(game, Sketch)
    return game


def record_spoken(path: Path, *, seed: int = 1, hops: int = 500, labels: tuple[str, ...] = LABELS, **options: object) -> Stage:
    """Record a session of someone speaking, from its first moment to its end."""
    stage = Stage()
    stage.start(path, about=Header(title="a test", vocabulary="directional4w"), **options)
    for _ in stage.listen(spoken(seed, hops, labels), labels=labels):
        pass
    stage.stop()
    return stage
