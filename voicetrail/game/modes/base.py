"""What the rules of all modes have in common: the clock, pauses, the end, and which words were heard."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar, Self

from voicetrail.game.clock import RoundClock
from voicetrail.game.inputs import By, Go, Input, Leave, Pause, Resume, Step, Stop, Tick, Undo, input_of
from voicetrail.game.mode_list import ModeName
from voicetrail.game.rules import Changes, WordCount
from voicetrail.game.setup import RoundSetup
from voicetrail.game.trail import Cell

Done = tuple[str, bool]
"""A message, and whether something stopped the pen."""
NOTHING: Done = ("", False)


def way_text(place: Cell, target: Cell) -> str:
    """The way from one place to another in words: ``3 right, 2 down``."""
    dx, dy = target[0] - place[0], target[1] - place[1]
    across = [f"{abs(dx)} {'right' if dx > 0 else 'left'}"] if dx else []
    return ", ".join([*across, *([f"{abs(dy)} {'down' if dy > 0 else 'up'}"] if dy else [])]) or "here"


class BaseRules(ABC):
    """A round with its clock; a mode says what time and inputs do.

    Args:
        setup: what the round begins with.
    """

    mode_name: ClassVar[ModeName]
    rules_version: ClassVar[int] = 1
    """Grows when the same inputs would no longer give the same round."""

    def __init__(self, setup: RoundSetup) -> None:
        self.setup = replace(setup, rules=setup.rules or self.rules_version)
        """What the round began with."""
        self.clock = RoundClock()
        self.words = 0
        """Words and presses that moved something."""
        self.presses = 0
        """How many of these were keys."""
        self.wrong = 0
        """Words and presses that were wrong."""
        self.by_word: dict[str, WordCount] = {}
        self._began_ms: int | None = None
        self._ended_ms: int | None = None

    @property
    def now_ms(self) -> int:
        """The latest time that an input came with."""
        return self.clock.now_ms

    @property
    def level(self) -> str:
        """Name of the level or size."""
        return self.setup.level

    @property
    def paused(self) -> bool:
        """The clock stands still."""
        return self.clock.paused

    @property
    def ended(self) -> bool:
        """The round is over."""
        return self._ended_ms is not None

    @property
    def played_ms(self) -> int:
        """Time of the round without pauses, from the first word."""
        if self._began_ms is None:
            return 0
        return (self.clock.time_ms if self._ended_ms is None else self._ended_ms) - self._began_ms

    def apply(self, item: Input, at_ms: int) -> Changes:
        """Do one thing to the round.

        Args:
            item: what is done.
            at_ms: when, in milliseconds of the session; a time before the last one counts as the last one.

        Returns:
            The cells that changed, and what to say to the player.
        """
        self._watch()
        self.clock.move_to(at_ms)
        passed = NOTHING if self.ended else self._advance(self.clock.time_ms)
        done = self._take(item)
        return Changes(self._changed(), done[0] or passed[0], done[1] or passed[1])

    def _take(self, item: Input) -> Done:
        match item:
            case _ if self.ended:
                return NOTHING
            case Pause():
                self.clock.pause()
                return "paused", False
            case Resume():
                was = self.paused
                self.clock.resume()
                return ("on again" if was else ""), False
            case Leave():
                self._end()
                return NOTHING
            case Step() | Go() | Stop() | Undo() if self.paused:
                return "paused: nothing moves", False
            case Tick():
                return NOTHING
        return self._do(item)

    def input_of(self, word: str) -> Input | None:
        """What a word means now: a direction moves, in every mode."""
        return None if self.paused or self.ended else input_of(word)

    @property
    def surroundings(self) -> str:
        """What lies around the pen, for who does not see it."""
        return ""

    def hint(self) -> str:
        """What would have been a better way."""
        return ""

    @abstractmethod
    def copy(self) -> Self:
        """A round of its own in the same state."""

    @abstractmethod
    def _advance(self, time_ms: int) -> Done:
        """Do what time alone does, up to a time of the round's clock."""

    @abstractmethod
    def _do(self, item: Input) -> Done:
        """Take an input that is no pause."""

    @abstractmethod
    def _watch(self) -> None:
        """Begin to note which cells change."""

    @abstractmethod
    def _changed(self) -> frozenset[Cell]:
        """The cells that look different since ``_watch``."""

    def _begin(self) -> None:
        """The first word: the time of the round counts from here."""
        if self._began_ms is None:
            self._began_ms = self.clock.time_ms

    def _end(self, time_ms: int | None = None) -> None:
        """The round is over, since a time of the round's clock."""
        if self._ended_ms is None:
            self._ended_ms = self.clock.time_ms if time_ms is None else time_ms

    def _count(self, word: str, by: By, *, wrong: bool = False, moved: bool = True) -> None:
        """Count a word or a press."""
        self.words += moved
        self.presses += moved and by == "key"
        self.wrong += wrong
        if by == "voice":
            before = self.by_word.get(word, WordCount())
            self.by_word[word] = WordCount(before.heard + 1, before.wrong + wrong)

    def _copy_to(self, other: BaseRules) -> None:
        """Give another round the same clock and counts."""
        other.clock = self.clock.copy()
        other.words, other.presses, other.wrong = self.words, self.presses, self.wrong
        other.by_word = dict(self.by_word)
        other._began_ms, other._ended_ms = self._began_ms, self._ended_ms
