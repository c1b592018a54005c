"""A round: the rules with a clock, the incoming words, and a recorder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from voicetrail.events import Event, Ready, WordHeard, WordRejected
from voicetrail.game.inputs import Input, Leave, Pause, Resume, Tick
from voicetrail.game.rules import Changes, Rules


class RecorderProtocol(Protocol):
    """A recorder of the round. ``record`` returns at once and never raises, so that it does not delay the game."""

    def record(self, item: Event | Input, at_ms: int) -> None:
        """Record an event or input with its time, in milliseconds of the round's clock."""
        ...


class Round:
    """Applies inputs and words to the rules, each with its time.

    Args:
        rules: the rules of a mode, in their initial state.
        clock: monotonic, in s, with any origin (``time.monotonic``).
        recorder: gets every input except ticks, and every event, before it is applied.
    """

    def __init__(self, rules: Rules, clock: Callable[[], float], recorder: RecorderProtocol | None = None) -> None:
        self.rules = rules
        self.recorder = recorder
        self.began = datetime.now(UTC)
        """Start of the round; the round counts for this date."""
        self.counts = True
        """Whether the round counts for best scores (of a daily maze, only the first try does)."""
        self.inputs = 0
        """Number of inputs so far, without ticks."""
        self.near_misses = 0
        """Number of near misses."""
        self._clock = clock
        self._start = self._active = clock()
        self._meanings: Mapping[str, str] = {}

    @property
    def now_ms(self) -> int:
        """Time since the round began, in ms."""
        return int((self._clock() - self._start) * 1000)

    @property
    def silent_s(self) -> float:
        """Time since the last word, near miss or key, in s."""
        return self._clock() - self._active

    def do(self, item: Input) -> Changes:
        """Apply an input now."""
        at_ms = self.now_ms
        if not isinstance(item, Tick):
            self._active = self._clock()
            self.inputs += 1
            if self.recorder is not None:
                self.recorder.record(item, at_ms)
        return self.rules.apply(item, at_ms)

    def restore(self, inputs: Iterable[tuple[int, Input]]) -> None:
        """Apply the inputs of an earlier session with their times; the clock continues from the last one."""
        for at_ms, item in inputs:
            if self.recorder is not None:
                self.recorder.record(item, at_ms)
            self.rules.apply(item, at_ms)
        self._start = self._clock() - self.rules.now_ms / 1000

    def hear(self, event: Event) -> Changes | None:
        """Process an event of the listener: a word with a meaning becomes an input.

        Returns:
            The changes by the word; ``None`` for an event that does not change the round.
        """
        if self.recorder is not None:
            self.recorder.record(event, self.now_ms)
        if isinstance(event, Ready):
            self._meanings = event.meanings
        elif isinstance(event, WordRejected) and event.reason in ("threshold", "margin"):
            self.near_misses += 1
            self._active = self._clock()
        if not isinstance(event, WordHeard):
            return None
        item = self.rules.input_of(self._meanings.get(event.word, event.word))
        return None if item is None else self.do(item)

    def tick(self) -> Changes:
        """Let time pass, so that a glide or snake moves."""
        return self.do(Tick())

    def pause(self) -> Changes:
        """Pause the round."""
        return self.do(Pause())

    def resume(self) -> Changes:
        """Continue the round."""
        return self.do(Resume())

    def leave(self) -> Changes:
        """Leave the round."""
        return self.do(Leave())
