"""Teaching while a screen looks on, without a screen: the room, each word a few times, then the training in a thread.

Sound comes in the listener's thread (``tap``); everything else belongs to the screen's thread, which calls ``poll`` several times a
second. Torch is imported by the training's thread only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.examples import ExampleSet, check_word
from voicetrail.teaching.recorder import TakeCutter
from voicetrail.teaching.takes import Problem, Take, frame_levels_db

if TYPE_CHECKING:
    from voicetrail.teaching.head import Progress
    from voicetrail.teaching.teach import Taught

Sound = npt.NDArray[np.float32]
Stage = Literal["room", "words", "ready", "training", "done", "failed"]
"""The room is recorded; words are; all are there; a head is trained; it is kept; it could not be."""

TAKES = 6
ROOM_S = 4.0
WAITING_BLOCKS = 2000
"""Blocks of sound that may wait for ``poll``; what is older is dropped."""
NO_TAKES = frozenset({Problem.EMPTY, Problem.TOO_LONG})
"""What has one of these is not counted as a take."""


@dataclass(frozen=True, slots=True)
class Result:
    """What teaching gave, as a screen shows it."""

    words: tuple[str, ...]
    accuracy: float
    """Part of the held-out takes that were right."""
    heard: float
    """Part of them that also reached the threshold."""
    threshold: float
    false_an_hour: float
    """False moves an hour of other people's talk that are assumed."""
    confusion: tuple[tuple[int, ...], ...]
    """How many takes of each word (rows) were taken for which (columns)."""
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Where the training stands."""

    part: float
    loss: float
    accuracy: float | None
    seconds_left: float


Make = Callable[[ExampleSet, Mapping[str, str], Callable[["Progress"], None]], "Taught"]
"""Makes a head from takes and meanings; is given where to report its progress."""


class TeachingSession:
    """Collects takes of some words, and makes a set of them.

    Args:
        name: of the set.
        meanings: the words in order, each with what it does in the game; an empty text for nothing.
        takes: how often each word is asked for.
        room_s: seconds of the room that are recorded first.
        make: makes the head; ``None`` takes ``making.make_set``.
        personal: the shipped words are retuned to one voice.

    Raises:
        TeachingError: the name or a word cannot be one, or a word is there twice.
    """

    def __init__(
        self,
        name: str,
        meanings: Mapping[str, str],
        *,
        takes: int = TAKES,
        room_s: float = ROOM_S,
        make: Make | None = None,
        personal: bool = False,
    ) -> None:
        from voicetrail.teaching.word_sets import check_name

        self.name = check_name(name)
        self.examples = ExampleSet()
        for word in meanings:
            self.examples.add_word(word)
        if not meanings:
            raise TeachingError("there are no words yet; write the words to teach first")
        self.meanings = {check_word(word): meaning for word, meaning in meanings.items() if meaning}
        self.takes = takes
        self.room_s = room_s
        self.personal = personal
        self.stage: Stage = "room"
        self.refused: Take | None = None
        """The last thing heard, where it was no take; ``None`` once a take follows."""
        self.step = Step(0.0, 0.0, None, 0.0)
        self.result: Result | None = None
        self.problem = ""
        """Why the set could not be made."""
        self._make = make
        self._word = 0
        self._cutter = TakeCutter()
        self._blocks: deque[Sound | None] = deque(maxlen=WAITING_BLOCKS)
        """Sound that waits; ``None`` stands for a gap in it."""
        self._room: list[Sound] = []

    # Sound

    def tap(self, time: int, samples: Sound, listening: bool) -> None:
        """Take a hop of sound, in the listener's thread (``listening.Tap``)."""
        self._blocks.append(samples)

    def interrupt(self) -> None:
        """The source was lost: what is being said is no take."""
        self._blocks.append(None)

    def poll(self) -> None:
        """Take up the sound that came meanwhile."""
        while self._blocks:
            block = self._blocks.popleft()
            if block is None:
                self._cutter.interrupt()
            else:
                self._feed(block)

    def _feed(self, samples: Sound) -> None:
        self._cutter.add(samples)
        if self.stage == "room":
            self._room.append(samples)
            if self.room_left_s <= 0:
                self.examples.room = np.concatenate(self._room)[: round(self.room_s * SAMPLE_RATE)]
                self.stage = "words"
                self._cutter.skip()
        elif self.stage == "words" and (take := self._cutter.take()) is not None:
            self._add(take)

    def _add(self, take: Take) -> None:
        if NO_TAKES & {*take.problems}:
            self.refused = take
            return
        self.refused = None
        self.examples.add(self.word, take)
        if len(self.examples.takes[self.word]) >= self.takes:
            self._next()

    def _next(self) -> None:
        self._cutter.skip()
        if self._word + 1 < len(self.words):
            self._word += 1
        else:
            self.stage = "ready"

    # What is shown

    @property
    def words(self) -> Sequence[str]:
        """The words in order."""
        return self.examples.words

    @property
    def word(self) -> str:
        """The word that is asked for."""
        return self.words[self._word]

    @property
    def number(self) -> int:
        """Its place among the words, from 1."""
        return self._word + 1

    @property
    def room_left_s(self) -> float:
        """Seconds of the room that are still to be recorded."""
        return self.room_s - sum(map(len, self._room)) / SAMPLE_RATE

    @property
    def level_db(self) -> float:
        """Level of the sound of now."""
        return self._cutter.level_db

    @property
    def speaking(self) -> bool:
        """Whether a take is under way."""
        return self.stage == "words" and self._cutter.speaking

    def problems(self, word: str, number: int) -> tuple[Problem, ...]:
        """What is wrong with a take, by its number from 0."""
        return self.examples.problems(word, number)

    # What the player does

    def drop_last(self) -> str:
        """Throw the last take away, also one of the word before; return the line to show."""
        if self.stage not in ("words", "ready"):
            return ""
        self.stage = "words"
        if not self.examples.takes[self.word] and self._word > 0:
            self._word -= 1
        takes = self.examples.takes[self.word]
        self._cutter.skip()
        if not takes:
            return "there is no take yet"
        takes.pop()
        return f"take {len(takes) + 1} of {self.word} is thrown away: say it again"

    def repeat_word(self) -> str:
        """Do a word over, from its first take; return the line to show."""
        if self.stage not in ("words", "ready"):
            return ""
        self.stage = "words"
        if not self.examples.takes[self.word] and self._word > 0:
            self._word -= 1
        self.examples.takes[self.word].clear()
        self._cutter.skip()
        return f"{self.word} begins again"

    # Training

    def train(self) -> None:
        """Train and keep the set, in a thread of its own; ``stage`` says when it is done."""
        if self.stage not in ("ready", "failed"):
            return
        self.stage, self.problem = "training", ""
        self.step = Step(0.0, 0.0, None, 0.0)
        threading.Thread(target=self._train, name="voicetrail-teach", daemon=True).start()

    def _train(self) -> None:
        try:
            from voicetrail.teaching import making

            make = self._make or (lambda examples, meanings, report: making.make_set(examples, meanings, progress=report))
            taught = make(self.examples, self.meanings, self._report)
            making.keep_set(self.name, taught, self.examples, personal=self.personal)
            held_out = taught.held_out
            self.result = Result(
                held_out.words,
                held_out.accuracy,
                held_out.heard(taught.threshold),
                taught.threshold,
                taught.false_an_hour,
                tuple(tuple(int(count) for count in row) for row in held_out.confusion()),
                taught.advice,
            )
            self.stage = "done"
        except Exception as error:  # whatever it is: the takes stay, and the player reads why
            self.problem = self._explain(error)
            self.stage = "failed"

    def _explain(self, error: Exception) -> str:
        if isinstance(error, VoicetrailError):
            return str(error)
        from voicetrail.play.crash_log import write_crash_log

        return f"an error of the program ended the training; its log is {write_crash_log(error)}"

    def _report(self, progress: Progress) -> None:
        self.step = Step(progress.part, progress.loss, progress.accuracy, progress.seconds_left)


def envelope(take: Take, columns: int) -> list[float]:
    """The level of a take over time in so many columns, from 0 (its noise floor) to 1 (its peak)."""
    levels = frame_levels_db(take.sound)
    if not len(levels):
        return [0.0] * columns
    edges = np.linspace(0, len(levels), columns + 1).astype(int)
    peaks = np.array([levels[a : max(b, a + 1)].max(initial=-120.0) for a, b in pairwise(edges)])
    low, high = max(take.floor_db, float(peaks.max()) - 40.0), float(peaks.max())
    scaled = (peaks - low) / max(1.0, high - low)
    return [float(x) for x in np.clip(scaled, 0.0, 1.0)]
