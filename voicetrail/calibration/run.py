"""What a calibration listens for: the room first, then each word a few times, each in its own stretch of the stream.

Time is the stream's own, so a file, the virtual microphone and a person in front of the screen go through the same steps.
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
"""A calibration lasts at most this, in s: with many words each is asked for fewer times."""
REACTION_S = 0.2
"""Nobody says a word sooner after it is asked for, in s."""
SCORE_DELAY_S = 0.45
"""A score stays in the window for so long after the word's time is over, in s, and still counts for it."""
END_SLACK_S = 0.5
"""The sound may end by so much too early."""
ABOVE_ROOM_DB = 8.0
"""Speech has to be this much louder than the room, in dB, to be distinguished from it."""
QUIETEST_DB = -60.0
"""Speech below this level before any gain, in dB below full scale, is too quiet to be raised."""
RECOGNIZED = 0.15
"""A word whose score stayed below this was not recognized at all."""

Verdict = Literal["heard", "nearly", "another", "quiet", "clipped", "not heard"]
"""What became of a word that was asked for."""
VERDICT_TEXT: Mapping[Verdict, str] = MappingProxyType(
    {
        "heard": "heard",
        "nearly": "nearly: below its threshold",
        "another": "taken for another word",
        "quiet": "too quiet",
        "clipped": "too loud: the microphone clips",
        "not heard": "not heard",
    }
)
"""The verdicts in words for a player."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each part takes and in which order the words are asked for."""

    words: tuple[str, ...]
    repeats: int = 3
    room: float = 8.0
    """Seconds of room at the start."""
    slot: float = 2.2
    """Seconds for one word."""
    seed: int = 0

    @classmethod
    def for_words(cls, words: Sequence[str], *, room: float = 8.0, slot: float = 2.2, seed: int = 0) -> Plan:
        """A plan that asks for each word three times, or less often where that would take a minute."""
        repeats = int((LONGEST_S - room) / (slot * max(len(words), 1)))
        return cls(tuple(words), max(1, min(3, repeats)), room, slot, seed)

    @property
    def prompts(self) -> tuple[str, ...]:
        """The words in the order they are asked for: in rounds, each round in another order, no word twice running."""
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
        """Seconds from start to end."""
        return self.room + self.slot * len(self.words) * self.repeats


@dataclass(frozen=True, slots=True)
class Stage:
    """What is going on now."""

    kind: Literal["room", "word", "done"]
    left: float
    """Seconds until the next stage."""
    word: str = ""
    """The word that is asked for."""
    number: int = 0
    """Which of the prompts it is, from 1."""


@dataclass(slots=True)
class Answer:
    """What was heard while a word was asked for."""

    word: str
    peak: float = 0.0
    """The word's highest smoothed score while it was far enough ahead of every other word."""
    rival: str = ""
    rival_peak: float = 0.0
    """The other word that came highest."""
    others: dict[str, float] = field(default_factory=dict)
    """The highest smoothed score of each word not asked for that came far enough ahead of all."""
    level_db: float = -100.0
    """The loudest hop, before any gain."""
    clipped: bool = False


@dataclass(slots=True)
class Room:
    """What was heard before any word was asked for."""

    levels_db: list[float] = field(default_factory=list)
    """Before any gain."""
    scores: dict[str, list[float]] = field(default_factory=dict)
    """Smoothed scores of each word, hop by hop."""
    hop: float = 0.04
    """Seconds between them."""

    @property
    def level_db(self) -> float:
        """The level that half of the hops stay below."""
        return sorted(self.levels_db)[len(self.levels_db) // 2] if self.levels_db else -100.0


class CalibrationRun:
    """Takes the listener's events and sorts them into room and answers.

    Args:
        labels: the recognizer's labels.
        plan: what is asked for when.
        detector: what the detector goes by: its margin and thresholds tell whether a word was heard.
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
        """Why the calibration cannot continue: the sound is over."""
        self.lost = ""
        """Why no sound comes at the moment."""
        self.losses = 0
        """How often the sound stopped."""
        self._labels = tuple(labels)
        self._words = [(index, label) for index, label in enumerate(labels) if is_word(label)]
        self._start: int | None = None
        self._now = 0
        self._last_scores: int | None = None
        self._over = False
        """The sound ended when all had been asked for."""

    @property
    def elapsed(self) -> float:
        """Seconds of sound so far."""
        return 0.0 if self._start is None else seconds(self._now - self._start)

    @property
    def stage(self) -> Stage:
        """What is going on now."""
        return self._stage_at(self.elapsed)

    @property
    def done(self) -> bool:
        """All was asked for, and the last word's scores have passed."""
        return self._over or self.elapsed >= self.plan.total + SCORE_DELAY_S

    def feed(self, event: Event) -> None:
        """Take an event; those that say nothing about the sound are passed over."""
        if isinstance(event, SourceLost):
            # The stream's time stands still meanwhile: it goes on where it was.
            self.lost = event.message
            self.losses += self._start is not None
        elif isinstance(event, SourceEnded):
            # The end of a file that holds just what was asked for: its last word has been said.
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
        """What became of a prompt, by its number from 1."""
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

    def _stage_at(self, elapsed: float) -> Stage:
        if elapsed < self.plan.room:
            return Stage("room", self.plan.room - elapsed)
        number = int((elapsed - self.plan.room) / self.plan.slot)
        if number >= len(self.prompts):
            return Stage("done", 0.0)
        left = self.plan.room + (number + 1) * self.plan.slot - elapsed
        return Stage("word", left, self.prompts[number], number + 1)

    def _answering(self, late: float) -> list[Answer]:
        """The answers that the sound of now may belong to."""
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
            # The first second's windows still hold the silence before the stream.
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
