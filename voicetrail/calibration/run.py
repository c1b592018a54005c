"""A calibration run: first the room, then each word a few times, each in its own time slot of the stream.

Time is counted in the stream, so that a file, a virtual microphone and a real player are treated alike.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from voicetrail.events import Event, Level, Scores, SourceEnded, SourceLost, seconds
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import is_word

LONGEST_S = 55.0
"""Maximum length of a calibration, in s; with many words, each word is requested fewer times."""
REACTION_S = 0.2
"""Minimum reaction time of a player after a request, in s."""
SCORE_DELAY_S = 0.45
"""Time after the end of a word's slot during which scores still count for the word, in s."""
END_SLACK_S = 0.5
"""Allowed shortfall of the sound at the end, in s."""
ABOVE_ROOM_DB = 8.0
"""Minimum level of speech above the room, in dB."""
QUIETEST_DB = -60.0
"""Speech below this level before any gain, in dB relative to full scale, is too quiet to be amplified."""
RECOGNIZED = 0.15
"""A word with a lower peak score was not recognized at all."""

Verdict = Literal["heard", "nearly", "another", "quiet", "clipped", "not heard"]
"""The result for a requested word."""
VERDICT_TEXT: Mapping[Verdict, str] = MappingProxyType(
    {
        "heard": "heard",
        "nearly": "near miss: below its threshold",
        "another": "mistaken for another word",
        "quiet": "too quiet",
        "clipped": "too loud: the microphone clips",
        "not heard": "not heard",
    }
)
"""The verdicts as text for the player."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The durations of the parts, and the order of the requested words."""

    words: tuple[str, ...]
    repeats: int = 3
    room: float = 8.0
    """Length of the room's part at the start, in s."""
    slot: float = 2.2
    """Length of the slot of one word, in s."""
    seed: int = 0

    @classmethod
    def for_words(cls, words: Sequence[str], *, room: float = 8.0, slot: float = 2.2, seed: int = 0) -> Plan:
        """Make a plan with three requests for each word, or fewer if this takes longer than ``LONGEST_S``."""
        repeats = int((LONGEST_S - room) / (slot * max(len(words), 1)))
        return cls(tuple(words), max(1, min(3, repeats)), room, slot, seed)

    @property
    def prompts(self) -> tuple[str, ...]:
        """The requested words in order: in rounds with different orders, and no word twice in a row."""
        rng = random.Random(self.seed)
        asked: list[str] = []
        for _ in range(self.repeats):
            order = list(self.words)
            rng.shuffle(order)
            if asked and len(order) > 1 and order[0] == asked[-1]:
                order.append(order.pop(0))
            asked += order
        return tuple(asked)

    @property
    def total(self) -> float:
        """Total length, in s."""
        return self.room + self.slot * len(self.words) * self.repeats


@dataclass(frozen=True, slots=True)
class CalibrationStage:
    """The current stage."""

    kind: Literal["room", "word", "done"]
    left: float
    """Time until the next stage, in s."""
    word: str = ""
    """The requested word."""
    number: int = 0
    """Number of the prompt, from 1."""


@dataclass(slots=True)
class Answer:
    """The measurements in the slot of a word."""

    word: str
    peak: float = 0.0
    """The word's highest smoothed score while it was far enough ahead of every other word."""
    rival: str = ""
    rival_peak: float = 0.0
    """The other word with the highest peak, and its peak."""
    others: dict[str, float] = field(default_factory=dict)
    """Peak smoothed scores of other words that were far enough ahead of all others."""
    level_db: float = -100.0
    """Level of the loudest hop before any gain, in dB relative to full scale."""
    clipped: bool = False


@dataclass(slots=True)
class Room:
    """The measurements of the room, before the first word."""

    levels_db: list[float] = field(default_factory=list)
    """Level of each hop before any gain, in dB relative to full scale."""
    scores: dict[str, list[float]] = field(default_factory=dict)
    """Smoothed scores by word, for each hop."""
    hop: float = 0.04
    """Length of a hop, in s."""

    @property
    def level_db(self) -> float:
        """The median level of the hops."""
        return sorted(self.levels_db)[len(self.levels_db) // 2] if self.levels_db else -100.0


class CalibrationRun:
    """Sorts the listener's events into room and answers.

    Args:
        labels: the recognizer's labels.
        plan: the prompts and durations.
        detector: current settings of the detector; margin and thresholds determine whether a word was heard.
    """

    def __init__(self, labels: Sequence[str], plan: Plan, detector: DetectorSettings) -> None:
        self.plan = plan
        self.detector = detector
        self.room = Room(scores={word: [] for word in plan.words})
        self.prompts = plan.prompts
        self.answers = [Answer(word) for word in self.prompts]
        self.gain_db = 0.0
        """The gain of the last hop."""
        self.broken = ""
        """Why the calibration cannot continue: the sound has ended."""
        self.lost = ""
        """Why there is no sound at the moment."""
        self.losses = 0
        """How often the sound stopped."""
        self._labels = tuple(labels)
        self._words = [(index, label) for index, label in enumerate(labels) if is_word(label)]
        self._start: int | None = None
        self._now = 0
        self._last_scores: int | None = None
        self._over = False
        """Whether the sound ended after the last request."""

    @property
    def elapsed(self) -> float:
        """Length of the sound so far, in s."""
        return 0.0 if self._start is None else seconds(self._now - self._start)

    @property
    def stage(self) -> CalibrationStage:
        """The current stage."""
        return self._stage_at(self.elapsed)

    @property
    def done(self) -> bool:
        """Whether the last slot and the delay of its scores are over."""
        return self._over or self.elapsed >= self.plan.total + SCORE_DELAY_S

    def feed(self, event: Event) -> None:
        """Process an event; events that are not about the sound are ignored."""
        if isinstance(event, SourceLost):
            # The time of the stream stops meanwhile, and continues later.
            self.lost = event.message
            self.losses += self._start is not None
        elif isinstance(event, SourceEnded):
            # The end of a file that contains exactly the requested words.
            self._over = self.plan.total - self.elapsed <= END_SLACK_S
            if not self._over:
                self.broken = f"the sound ended after {self.elapsed:.0f} s; calibration takes {self.plan.total:.0f} s"
        elif isinstance(event, Level):
            self._begin(event.time)
            self._level(event)
        elif isinstance(event, Scores):
            self._begin(event.time)
            self._scores(event)

    def verdict(self, number: int) -> Verdict:
        """Return the verdict on a prompt, by its number from 1."""
        answer = self.answers[number - 1]
        threshold = self.detector.threshold_of(answer.word)
        if answer.clipped:
            return "clipped"
        if answer.peak >= threshold:
            return "heard"
        if answer.level_db < QUIETEST_DB or (answer.level_db < self.room.level_db + ABOVE_ROOM_DB and answer.peak < RECOGNIZED):
            return "quiet"
        if answer.rival_peak >= self.detector.threshold_of(answer.rival) and answer.rival_peak > answer.peak:
            return "another"
        return "nearly" if answer.peak >= RECOGNIZED else "not heard"

    def _begin(self, time: int) -> None:
        self.lost = ""
        if self._start is None:
            self._start = time
        self._now = max(self._now, time)

    def _stage_at(self, elapsed: float) -> CalibrationStage:
        if elapsed < self.plan.room:
            return CalibrationStage("room", self.plan.room - elapsed)
        number = int((elapsed - self.plan.room) / self.plan.slot)
        if number >= len(self.prompts):
            return CalibrationStage("done", 0.0)
        left = self.plan.room + (number + 1) * self.plan.slot - elapsed
        return CalibrationStage("word", left, self.prompts[number], number + 1)

    def _answering(self, late: float) -> list[Answer]:
        """Return the answers to which the current sound can belong."""
        belongs = []
        for number, answer in enumerate(self.answers):
            start = self.plan.room + number * self.plan.slot
            if start + REACTION_S <= self.elapsed < start + self.plan.slot + late:
                belongs.append(answer)
        return belongs

    def _level(self, event: Level) -> None:
        self.gain_db = event.gain_db
        if self.stage.kind == "room":
            self.room.levels_db.append(event.rms_db - event.gain_db)
        for answer in self._answering(0.0):
            answer.level_db = max(answer.level_db, event.rms_db - event.gain_db)
            answer.clipped = answer.clipped or event.clipped

    def _scores(self, event: Scores) -> None:
        smoothed = event.smoothed or event.posteriors
        if self.stage.kind == "room" and self._last_scores is not None:
            self.room.hop = seconds(event.time - self._last_scores)
        self._last_scores = event.time
        if self.stage.kind == "room":
            # The windows of the first second still contain the silence before the stream.
            for index, word in self._words:
                if word in self.room.scores and self.elapsed >= 1.0:
                    self.room.scores[word].append(smoothed[index])
        answering = self._answering(SCORE_DELAY_S)
        asked = {answer.word for answer in answering}
        for answer in answering:
            self._weigh(answer, smoothed, asked)

    def _weigh(self, answer: Answer, smoothed: Sequence[float], asked: Set[str]) -> None:
        (best, leader), (second, _) = sorted([*((smoothed[i], word) for i, word in self._words), (0.0, "")], reverse=True)[:2]
        if best - second >= self.detector.margin:
            if leader == answer.word:
                answer.peak = max(answer.peak, best)
            elif leader not in asked:
                answer.others[leader] = max(answer.others.get(leader, 0.0), best)
        rival_score, rival = max(((smoothed[i], word) for i, word in self._words if word != answer.word), default=(0.0, ""))
        if rival_score > answer.rival_peak:
            answer.rival, answer.rival_peak = rival, rival_score
