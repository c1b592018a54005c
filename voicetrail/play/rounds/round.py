"""A round: the rules with their clock, the words that come in, and a recorder that gets everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from voicetrail.events import Event, Ready, WordHeard, WordRejected
from voicetrail.game.inputs import Input, Leave, Pause, Resume, Tick
from voicetrail.game.rules import Changes, Rules


class RecorderProtocol(Protocol):
    """Whoever keeps the round. ``record`` returns at once and never raises: it must not delay the game."""

    def record(self, item: Event | Input, at_ms: int) -> None:
        """Take note of something that happened at a time of the round's clock, in milliseconds."""
        ...


class Round:
    """Applies inputs and words to the rules, each with the time of the round's clock.

    Args:
        rules: the round of a mode, before anything was done to it.
        clock: seconds, from any start, never falling (``time.monotonic``).
        recorder: gets every input (but ticks) and every event, before it is applied.
    """

    def __init__(self, rules: Rules, clock: Callable[[], float], recorder: RecorderProtocol | None = None) -> None:
        self.rules = rules
        self.recorder = recorder
        self.began = datetime.now(UTC)
        """When it began: its date is the day that counts."""
        self.counts = True
        """It counts among the bests (of the maze of a day only the first try does)."""
        self.inputs = 0
        """Inputs so far, but for those that only let time pass."""
        self.near_misses = 0
        """Words that came close and were not given out."""
        self._clock = clock
        self._start = self._active = clock()
        self._meanings: Mapping[str, str] = {}

    @property
    def now_ms(self) -> int:
        """Milliseconds since the round began."""
        return int((self._clock() - self._start) * 1000)

    @property
    def silent_s(self) -> float:
        """Seconds since the last word, near miss or key."""
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
        """Apply what was done in an earlier session, each with its time there; the clock goes on from the last one."""
        for at_ms, item in inputs:
            if self.recorder is not None:
                self.recorder.record(item, at_ms)
            self.rules.apply(item, at_ms)
        self._start = self._clock() - self.rules.now_ms / 1000

    def hear(self, event: Event) -> Changes | None:
        """Take an event of the listener: a word that means something becomes an input.

        Returns:
            What the word did, or ``None`` for an event that does nothing to the round.
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
        """Let time pass: what moves by itself goes on."""
        return self.do(Tick())

    def pause(self) -> Changes:
        """Stop the clock of the round."""
        return self.do(Pause())

    def resume(self) -> Changes:
        """Let the clock of the round go on."""
        return self.do(Resume())

    def leave(self) -> Changes:
        """End the round here."""
        return self.do(Leave())
