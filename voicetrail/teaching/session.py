"""The steps of teaching, independent of a screen: record the room, record each word a few times, then train in a thread.

Sound arrives in the listener's thread (``tap``). Everything else runs in the screen's thread, which calls ``poll`` several times per
second. A background thread saves every take (``collecting.drafts``) and compares it with the others of its word. Only that thread and
the training's thread import torch.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.collecting.background import BackgroundSaver, Judge
from voicetrail.teaching.collecting.drafts import Draft, only_program
from voicetrail.teaching.examples import MAX_TAKES, ExampleSet, check_word
from voicetrail.teaching.outcome import TeachingResult, TrainingProgress, result_of
from voicetrail.teaching.recorder import TakeCutter
from voicetrail.teaching.takes import NO_TAKES, Take, TakeProblem

if TYPE_CHECKING:
    from voicetrail.teaching.heads.head import HeadProgress
    from voicetrail.teaching.heads.personal import Check
    from voicetrail.teaching.heads.teach import Taught

Sound = npt.NDArray[np.float32]
Stage = Literal["room", "words", "ready", "training", "done", "failed"]
"""Recording the room; recording words; all words recorded; training; trained and saved; training or saving failed."""

TAKES = 6
PERSONAL_TAKES = 5
LEAST_TAKES = 3
"""Fewest takes of a word."""
MORE_TAKES = 3
"""Takes that are added when the player requests more of a word."""
ROOM_S = 4.0
WAITING_BLOCKS = 2000
"""Most blocks of sound that wait for ``poll``; older ones are dropped."""


Make = Callable[[ExampleSet, Mapping[str, str], Callable[["HeadProgress"], None]], "Taught"]
"""Trains a head from takes and meanings, and reports its progress."""


class TeachingSession:
    """Collects takes of some words, and makes a set from them.

    Args:
        name: of the set.
        meanings: the words in order, each with what it does in the game; an empty text for nothing.
        takes: how often each word is asked for.
        room_s: seconds of the room that are recorded first.
        make: makes the head; ``None`` takes ``making.make_set``, or ``making.make_personal``.
        judge: compares takes; ``None`` takes ``collecting.likeness``.
        personal: the shipped words are retuned to one voice.
        examples: takes that are there already, of the same words.
        folder: where sets are kept; ``None`` is the usual place.
        program_lock: keeps other programs from teaching this set (``drafts.only_program``); ``None`` takes it here. ``close`` lets
            them again.

    Raises:
        TeachingError: the name or a word cannot be one, a word is there twice, or another program is teaching the set.
    """

    def __init__(
        self,
        name: str,
        meanings: Mapping[str, str],
        *,
        takes: int = TAKES,
        room_s: float = ROOM_S,
        make: Make | None = None,
        judge: Judge | None = None,
        personal: bool = False,
        examples: ExampleSet | None = None,
        folder: Path | None = None,
        program_lock: ExitStack | None = None,
    ) -> None:
        from voicetrail.teaching.word_sets import check_name

        self.name = check_name(name)
        if not meanings:
            raise TeachingError("there are no words yet; enter the words to teach first")
        self.examples = ExampleSet() if examples is None else examples
        for word in meanings:
            if check_word(word) not in self.examples.words or examples is None:
                self.examples.add_word(word)
        self.meanings = {check_word(word): meaning for word, meaning in meanings.items() if meaning}
        self.takes = takes
        self.room_s = room_s
        self.personal = personal
        self.stage: Stage = "room"
        self.refused: Take | None = None
        """The last sound that was not a take; ``None`` after the next take."""
        self.interrupted = 0
        """How many takes were discarded because sound was lost in them."""
        self.training = TrainingProgress(0.0, 0.0, None, 0.0)
        self.result: TeachingResult | None = None
        self.problem = ""
        """Why making the set failed."""
        self.held = False
        """Whether sound is ignored, because a take is being played."""
        self.on_end: Callable[[], None] | None = None
        """Called in the training's thread at the end of the training."""
        self._make = make
        self._folder = folder
        self._word = 0
        self._asked_for = {word: max(takes, len(found)) for word, found in self.examples.takes.items()}
        self._cutter = TakeCutter()
        self._blocks: deque[Sound | None] = deque(maxlen=WAITING_BLOCKS)
        """Sound waiting for ``poll``; ``None`` stands for a gap."""
        self._room: list[Sound] = []
        self._saver = BackgroundSaver(self._to_keep, judge, folder)
        self._program_lock = only_program(self.name, folder) if program_lock is None else program_lock.pop_all()
        if len(self.examples.room):
            self._go_to_next()
        if self.count:
            # They are on the disk already, in a set or in a draft.
            self._saver.compare()

    # Sound

    def tap(self, time: int, samples: Sound, listening: bool) -> None:
        """Receive a hop of sound, in the listener's thread (``listening.Tap``)."""
        self._blocks.append(samples)

    def interrupt(self) -> None:
        """Note, in the listener's thread, that sound was lost here: a take with a hole is none."""
        self._blocks.append(None)

    def poll(self) -> None:
        """Process the sound that has arrived."""
        while self._blocks:
            block = self._blocks.popleft()
            if block is None or self.held:
                self.interrupted += not self.held and self.stage == "words" and self._cutter.speaking
                self._cutter.interrupt()
            else:
                self._feed(block)

    def _feed(self, samples: Sound) -> None:
        self._cutter.add(samples)
        if self.stage == "room":
            self._room.append(samples)
            if self.room_left_s <= 0:
                self.examples.room = np.concatenate(self._room)[: round(self.room_s * SAMPLE_RATE)]
                self._go_to_next()
        elif self.stage == "words" and (take := self._cutter.take()) is not None:
            self._add(take)

    def _add(self, take: Take) -> None:
        if NO_TAKES & {*take.problems}:
            self.refused = take
            return
        self.refused = None
        self.examples.add(self.word, take)
        self._saver.changed()
        if not self._lacks(self.word):
            self._go_to_next()

    def _lacks(self, word: str) -> bool:
        return len(self.examples.takes[word]) < self._asked_for[word]

    def _go_to_next(self) -> None:
        """Ask for the first word that needs more takes."""
        self._cutter.skip()
        lacking = [number for number, word in enumerate(self.words) if self._lacks(word)]
        self.stage = "words" if lacking else "ready"
        self._word = lacking[0] if lacking else self._word

    # What is shown

    @property
    def words(self) -> Sequence[str]:
        """The words in order."""
        return self.examples.words

    @property
    def word(self) -> str:
        """The current word."""
        return self.words[self._word]

    @property
    def number(self) -> int:
        """The number of the current word, counted from 1."""
        return self._word + 1

    @property
    def asked_for(self) -> int:
        """How many takes of the current word are needed."""
        return self._asked_for[self.word]

    @property
    def count(self) -> int:
        """The number of takes of all words."""
        return sum(self.examples.counts().values())

    @property
    def room_left_s(self) -> float:
        """Seconds of the room still to be recorded."""
        return self.room_s - sum(map(len, self._room)) / SAMPLE_RATE

    @property
    def level_db(self) -> float:
        """Current level of the sound, in dB."""
        return self._cutter.level_db

    @property
    def speaking(self) -> bool:
        """Whether a take is under way."""
        return self.stage == "words" and not self.held and self._cutter.speaking

    def problems(self, word: str, number: int) -> tuple[TakeProblem, ...]:
        """The problems of a take, whose number counts from 0."""
        self.examples.unlike, self.examples.like_other = self._saver.unlike, self._saver.like_other
        return self.examples.problems(word, number)

    # What the player does

    def throw_away(self, word: str, number: int) -> str:
        """Delete a take; return the message to show. While words are being recorded, another take is requested."""
        if self.stage not in ("words", "ready", "failed"):
            return ""
        takes = self.examples.takes[word]
        if not 0 <= number < len(takes):
            return f"there is no take of {word} to delete"
        del takes[number]
        self._saver.changed()
        self._cutter.skip()
        if self.stage != "words":
            self._asked_for[word] = max(LEAST_TAKES, len(takes))
        self._go_to_next()
        return f"take {number + 1} of {word} was deleted" + (": say it again" if self.stage == "words" else "")

    def say_again(self, word: str, number: int) -> str:
        """Delete a take, and request another one; return the message to show."""
        if self.stage not in ("words", "ready", "failed"):
            return ""
        takes = self.examples.takes[word]
        if not 0 <= number < len(takes):
            return f"there is no take of {word} to repeat"
        self._asked_for[word] = max(self._asked_for[word], len(takes))
        del takes[number]
        return self._ask_for(word, f"take {number + 1} of {word} was deleted: say it again")

    def repeat_word(self, word: str) -> str:
        """Delete all takes of a word, and request them again; return the message to show."""
        if self.stage not in ("words", "ready", "failed"):
            return ""
        self.examples.takes[word].clear()
        return self._ask_for(word, f"say {word} again, from the first take")

    def ask_for_more(self, word: str) -> str:
        """Request more takes of a word; return the message to show."""
        if self.stage not in ("words", "ready", "failed"):
            return ""
        self._asked_for[word] = min(MAX_TAKES, len(self.examples.takes[word]) + MORE_TAKES)
        return self._ask_for(word, f"{MORE_TAKES} more takes of {word}: say it")

    def _ask_for(self, word: str, line: str) -> str:
        self._saver.changed()
        self._cutter.skip()
        self.stage, self._word = "words", list(self.words).index(word)
        return line

    def go_on(self) -> str:
        """Continue with the next word, if the current one has enough takes; return the message to show."""
        if self.stage != "words":
            return ""
        count = len(self.examples.takes[self.word])
        if count < LEAST_TAKES:
            return f"say {self.word} at least {LEAST_TAKES} times"
        self._asked_for[self.word] = count
        self._go_to_next()
        return ""

    def add_takes(self, word: str, takes: Sequence[Take]) -> int:
        """Add takes from files or replays; return how many were added."""
        room = MAX_TAKES - len(self.examples.takes[word])
        for take in takes[:room]:
            self.examples.add(word, take)
        self._saver.changed()
        if self.stage == "words":
            self._go_to_next()
        return min(room, len(takes))

    # What is kept

    @property
    def unsaved(self) -> str:
        """Why takes cannot be saved; empty while they can."""
        return self._saver.problem

    def settle(self) -> None:
        """Save all takes now."""
        self._saver.settle()

    def close(self) -> None:
        """Keep all takes, and let other programs teach this set."""
        if self.stage != "done" or self.result is None or not self.result.saved:
            self._saver.settle()
        self._program_lock.close()

    def _to_keep(self) -> tuple[Draft, ExampleSet]:
        examples = ExampleSet({word: [*takes] for word, takes in self.examples.takes.items()}, self.examples.room)
        count = sum(examples.counts().values())
        return Draft(self.name, tuple(self.words), self.meanings, self.takes, self.personal, count), examples

    # Training

    def train(self) -> None:
        """Train and save the set, in a separate thread; ``stage`` shows when it is done."""
        if self.stage not in ("ready", "failed"):
            return
        self._saver.settle()
        self.stage, self.problem, self.result = "training", "", None
        self.training = TrainingProgress(0.0, 0.0, None, 0.0)
        threading.Thread(target=self._train, name="voicetrail-teach", daemon=True).start()

    def review(self) -> None:
        """Go back to the takes, to add or delete some and train again."""
        if self.stage in ("done", "failed"):
            self.stage = "ready"

    def _train(self) -> None:
        try:
            taught, check = self._made()
            saved = check is None or check.better
            if saved:
                from voicetrail.teaching import making

                making.keep_set(self.name, taught, self.examples, personal=self.personal, folder=self._folder)
                self._saver.finish()
            self.result = result_of(taught, self.examples, check, saved=saved)
            self.stage = "done"
        except Exception as error:  # after any error, the takes remain and the player sees the reason
            self.problem = self._explain(error)
            self.stage = "failed"
        if self.on_end is not None:
            self.on_end()

    def _made(self) -> tuple[Taught, Check | None]:
        from voicetrail.teaching import making

        if self._make is not None:
            return self._make(self.examples, self.meanings, self._report), None
        if self.personal:
            return making.make_personal(self.examples, progress=self._report)
        return making.make_set(self.examples, self.meanings, progress=self._report), None

    def _explain(self, error: Exception) -> str:
        if isinstance(error, VoicetrailError):
            return str(error)
        from voicetrail.play.crash_log import write_crash_log

        return f"an internal error ended the training; the log is {write_crash_log(error)}"

    def _report(self, progress: HeadProgress) -> None:
        self.training = TrainingProgress(progress.part, progress.loss, progress.accuracy, progress.seconds_left)
