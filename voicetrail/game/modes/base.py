"""What the rules of all modes share: clock, pauses, end of the round, and word counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar, Self

from voicetrail.game.clock import RoundClock
from voicetrail.game.inputs import By, Go, Input, Leave, Move, Pause, Resume, Stop, Tick, Undo, input_of
from voicetrail.game.mode_list import ModeName
from voicetrail.game.rules import Changes, WordCount
from voicetrail.game.setup import RoundSetup
from voicetrail.game.trail import Cell

Done = tuple[str, bool]
"""A message to the player, and whether something stopped the pen."""
NOTHING: Done = ("", False)


def route_text(place: Cell, target: Cell) -> str:
    """Return the route from one place to another as text: ``3 right, 2 down``."""
    dx, dy = target[0] - place[0], target[1] - place[1]
    across = [f"{abs(dx)} {'right' if dx > 0 else 'left'}"] if dx else []
    return ", ".join([*across, *([f"{abs(dy)} {'down' if dy > 0 else 'up'}"] if dy else [])]) or "here"


class BaseRules(ABC):
    """A round with its clock; each mode defines what time and inputs do.

    Args:
        setup: what the round begins with.
    """

    mode_name: ClassVar[ModeName]
    rules_version: ClassVar[int] = 1
    """Increased when the same inputs would no longer give the same round."""

    def __init__(self, setup: RoundSetup) -> None:
        self.setup = replace(setup, rules=setup.rules or self.rules_version)
        """What the round began with."""
        self.clock = RoundClock()
        self.words = 0
        """Words and key presses that moved something."""
        self.presses = 0
        """How many of ``words`` were key presses."""
        self.wrong = 0
        """Words and key presses that were wrong."""
        self.by_word: dict[str, WordCount] = {}
        self._began_ms: int | None = None
        self._ended_ms: int | None = None

    @property
    def now_ms(self) -> int:
        """Time of the latest input, in milliseconds of the session."""
        return self.clock.now_ms

    @property
    def level(self) -> str:
        """Name of the level or size."""
        return self.setup.level

    @property
    def paused(self) -> bool:
        """Whether the round is paused."""
        return self.clock.paused

    @property
    def ended(self) -> bool:
        """Whether the round is over."""
        return self._ended_ms is not None

    @property
    def played_ms(self) -> int:
        """Time of the round from the first word, in ms, without pauses."""
        if self._began_ms is None:
            return 0
        return (self.clock.time_ms if self._ended_ms is None else self._ended_ms) - self._began_ms

    def apply(self, item: Input, at_ms: int) -> Changes:
        """Apply an input.

        Args:
            item: the input.
            at_ms: its time in milliseconds of the session; a time before the previous one counts as the previous one.

        Returns:
            The cells that changed, and a message to the player.
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
                return ("the round goes on" if was else ""), False
            case Leave():
                self._end()
                return NOTHING
            case Move() | Go() | Stop() | Undo() if self.paused:
                return "the round is paused", False
            case Tick():
                return NOTHING
        return self._do(item)

    def input_of(self, word: str) -> Input | None:
        """Return the input for a word in the current state: a direction moves, in every mode."""
        return None if self.paused or self.ended else input_of(word)

    @property
    def surroundings(self) -> str:
        """What is around the pen, for players who cannot see the screen."""
        return ""

    def hint(self) -> str:
        """A better way to play this round."""
        return ""

    @abstractmethod
    def copy(self) -> Self:
        """Return an independent copy of the round in the same state."""

    @abstractmethod
    def _advance(self, time_ms: int) -> Done:
        """Let time pass, up to a time of the round's clock."""

    @abstractmethod
    def _do(self, item: Input) -> Done:
        """Apply an input other than pause, resume, leave and tick."""

    @abstractmethod
    def _watch(self) -> None:
        """Start to record which cells change."""

    @abstractmethod
    def _changed(self) -> frozenset[Cell]:
        """Return the cells that look different since ``_watch``."""

    def _begin(self) -> None:
        """Start the time of the round, at the first word."""
        if self._began_ms is None:
            self._began_ms = self.clock.time_ms

    def _end(self, time_ms: int | None = None) -> None:
        """End the round at a time of its clock; now without one."""
        if self._ended_ms is None:
            self._ended_ms = self.clock.time_ms if time_ms is None else time_ms

    def _count(self, word: str, by: By, *, wrong: bool = False, moved: bool = True) -> None:
        """Count a word or a key press."""
        self.words += moved
        self.presses += moved and by == "key"
        self.wrong += wrong
        if by == "voice":
            before = self.by_word.get(word, WordCount())
            self.by_word[word] = WordCount(before.heard + 1, before.wrong + wrong)

    def _copy_to(self, other: BaseRules) -> None:
        """Copy clock and counts to another round."""
        other.clock = self.clock.copy()
        other.words, other.presses, other.wrong = self.words, self.presses, self.wrong
        other.by_word = dict(self.by_word)
        other._began_ms, other._ended_ms = self._began_ms, self._ended_ms
