"""Measures replay files: records an hour of the bundled voice, recognized with 18 words, then opens the file and seeks in it."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np

from voicetrail.events import SAMPLE_RATE, Event, Level, Ready, Scores, WordHeard, WordRejected
from voicetrail.game import Move, Sketch
from voicetrail.listening import Listener
from voicetrail.play.rounds.round import Round
from voicetrail.replay.file.reader import read
from voicetrail.replay.recorder import Recorder
from voicetrail.replay.timeline import Timeline
from voicetrail.sources import open_source
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import load_recognizer

Row = dict[str, str | float]

HOUR_S = 3600
DAY = datetime(2026, 1, 1, tzinfo=UTC)


class _Hour:
    """Plays the same half minute repeatedly to a recorder, with its own clock."""

    def __init__(self) -> None:
        self.recognizer = load_recognizer("18w")
        self.listener = Listener(open_source("demo"), self.recognizer, Detector(self.recognizer.labels))
        self.heard: list[Event] = [event for event in self.listener.events() if not isinstance(event, Level)]
        """The events of half a minute, without levels, which are not recorded."""
        self.hops = sum(isinstance(event, Scores) for event in self.heard)
        self.now = 0.0

    def keep(self, path: Path, seconds: int, *, sound: bool = False, hurry: float = 20.0) -> float:
        """Record for ``seconds``, at ``hurry`` times the normal speed; return the processor time in s."""
        game = Sketch()
        session = Round(game, lambda: self.now)
        session.recorder = recorder = Recorder(game)
        ready = Ready(self.recognizer.labels, "demo", self.recognizer.name, self.recognizer.hash)
        recorder.start(session.now_ms, DAY, path=path, sound=sound)
        recorder.attach(self.listener, ready)
        quiet = (np.random.default_rng(0).standard_normal(self.recognizer.hop) * 0.05).astype(np.float32)
        hop, dice = 0, random.Random(0)
        began = time.process_time()
        count = len(self.heard) * seconds * SAMPLE_RATE // (self.hops * self.recognizer.hop)
        for event in islice(cycle(self.heard), count):
            if isinstance(event, Scores):
                hop += 1
                self.now = hop * self.recognizer.hop / SAMPLE_RATE
                event = Scores(hop * self.recognizer.hop, event.posteriors)
                if sound:
                    recorder.tap(event.time, quiet, True)
                if hop % 500 == 0:
                    # Keeps the writer's queue short; sleeping takes no processor time.
                    time.sleep(500 * self.recognizer.hop / SAMPLE_RATE / hurry)
            recorder.hear(event, session.now_ms)
            if isinstance(event, WordHeard | WordRejected):
                recorder.record(event, session.now_ms)
            if isinstance(event, WordHeard):
                session.do(Move(dice.choice(("up", "down", "left", "right"))))
        recorder.stop(session.now_ms)
        return time.process_time() - began


def rows() -> Iterator[Row]:
    """The cost of an hour: recording it, its size, opening it, and seeking in it."""
    hour = _Hour()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.trail"
        used = hour.keep(path, HOUR_S, hurry=400)
        yield {"name": "recording with 18 words' scores, of one core", "value": 100 * used / HOUR_S, "unit": "%", "limit": 1.0}
        used = hour.keep(Path(folder) / "sound.trail", 120, sound=True, hurry=60)
        yield {"name": "the same with the sound as FLAC, of one core", "value": 100 * used / 120, "unit": "%", "limit": 1.0}
        size = path.stat().st_size
        yield {"name": "an hour's file with 18 words' scores", "value": size / 1e6, "unit": "MB", "limit": 3.0}
        packed = sum(len(line) for line in path.read_bytes().splitlines() if b'"s"' in line)
        yield {"name": "its scores per second", "value": packed / HOUR_S, "unit": "B", "limit": 500.0}
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            timeline = Timeline(read(path))
            taken.append(time.perf_counter() - began)
        yield {"name": "opening an hour's file, the median of five", "value": median(taken), "unit": "s", "limit": 1.0}
        assert not timeline.differences
        dice = random.Random(1)
        taken = []
        for _ in range(100):
            at_ms = dice.randrange(timeline.duration_ms)
            began = time.perf_counter()
            timeline.game_at(at_ms)
            timeline.scores_at(at_ms)
            timeline.detected_until(at_ms, 60)
            taken.append(time.perf_counter() - began)
        yield {"name": "seeking in it, the slowest of 100", "value": 1000 * max(taken), "unit": "ms", "limit": 100.0}
