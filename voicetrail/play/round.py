"""A round: the game with its clock, the words that come in, and a recorder that gets everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from voicetrail.events import Event, Ready, WordHeard
from voicetrail.game import Sketch
from voicetrail.game.inputs import Input, Tick, input_of
from voicetrail.game.rules import Changes


class RecorderProtocol(Protocol):
    """Whoever keeps the round. ``record`` returns at once and never raises: it must not delay the game."""

    def record(self, item: Event | Input, at_ms: int) -> None:
        """Take note of something that happened at a time of the round's clock, in milliseconds."""
        ...


class Round:
    """Applies inputs and words to a game, each with the time of the round's clock.

    Args:
        game: the game.
        clock: seconds, from any start, never falling (``time.monotonic``).
        recorder: gets every input (but ticks) and every event, before it is applied.
    """

    def __init__(self, game: Sketch, clock: Callable[[], float], recorder: RecorderProtocol | None = None) -> None:
        self.game = game
        self.recorder = recorder
        self._clock = clock
        self._start = clock()
        self._meanings: Mapping[str, str] = {}

    @property
    def now_ms(self) -> int:
        """Milliseconds since the round began."""
        return int((self._clock() - self._start) * 1000)

    def do(self, item: Input) -> Changes:
        """Apply an input now."""
        at_ms = self.now_ms
        if self.recorder is not None and not isinstance(item, Tick):
            self.recorder.record(item, at_ms)
        return self.game.apply(item, at_ms)

    def hear(self, event: Event) -> Changes | None:
        """Take an event of the listener: a word that means something becomes an input.

        Returns:
            What the word did, or ``None`` for an event that does nothing to the game.
        """
        if self.recorder is not None:
            self.recorder.record(event, self.now_ms)
        if isinstance(event, Ready):
            self._meanings = event.meanings
        if not isinstance(event, WordHeard):
            return None
        item = input_of(self._meanings.get(event.word, event.word))
        return None if item is None else self.do(item)

    def tick(self) -> Changes:
        """Let time pass: a glide goes on."""
        return self.do(Tick())
