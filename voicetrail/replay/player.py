"""Plays a replay: a position that moves with a given clock, and the game at that position."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from voicetrail.game.inputs import Tick
from voicetrail.game.rules import Rules
from voicetrail.game.trail import Cell
from voicetrail.replay.file.reader import ReplayReader
from voicetrail.replay.timeline import Timeline

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
JUMP_MS = 5000
"""How far the left and right keys go."""


class Player:
    """The position in a replay.

    Args:
        timeline: what is played.
        clock: seconds, from any start, never falling (``time.monotonic``).
        reader: the open file; while the session is still being recorded, the player waits at the end for more (``follow``).
    """

    def __init__(self, timeline: Timeline, clock: Callable[[], float], reader: ReplayReader | None = None) -> None:
        self.timeline = timeline
        self.position_ms = 0
        self.playing = False
        self.game: Rules = timeline.game_at(0)
        """The game at the position; another object after going back."""
        self._clock = clock
        self._reader = reader
        self._speed = SPEEDS.index(1.0)
        self._done = timeline.inputs_until(0)
        self._since = 0.0
        self._from_ms = 0

    @property
    def speed(self) -> float:
        """Seconds of the session per second."""
        return SPEEDS[self._speed]

    @property
    def at_end(self) -> bool:
        """Nothing comes after this."""
        return self.position_ms >= self.timeline.duration_ms and not self.following

    @property
    def following(self) -> bool:
        """The session is still being recorded, and is played as it grows."""
        return self._reader is not None and self.timeline.replay.growing

    def follow(self) -> None:
        """Read what was recorded since.

        Raises:
            ReplayError: the file cannot be read any more.
        """
        if self._reader is not None:
            new = self._reader.read_on()
            self.timeline.extend(self._reader.replay, new)

    def play(self) -> None:
        """Play; from the end, start over."""
        if self.at_end:
            self.seek(0)
        self.playing = True
        self._anchor()

    def pause(self) -> None:
        """Pause."""
        self.playing = False

    def faster(self) -> None:
        """Take the next higher speed."""
        self.set_speed(self._speed + 1)

    def slower(self) -> None:
        """Take the next lower speed."""
        self.set_speed(self._speed - 1)

    def set_speed(self, number: int) -> None:
        """Take the speed at this index in ``SPEEDS``, or the nearest."""
        self._speed = max(0, min(len(SPEEDS) - 1, number))
        self._anchor()

    def advance(self) -> frozenset[Cell]:
        """Go to where the clock says, and stop at the end.

        Returns:
            The cells that look different now.
        """
        if not self.playing:
            return frozenset()
        passed = (self._clock() - self._since) * 1000 * self.speed
        at_ms = self._from_ms + int(passed)
        if at_ms > self.timeline.duration_ms:
            at_ms = self.timeline.duration_ms
            if self.following:
                self._anchor(at_ms)
        changed = self.go(max(at_ms, self.position_ms))
        if self.at_end:
            self.playing = False
        return changed

    def seek(self, to_ms: int) -> None:
        """Go to a moment, within the recording."""
        to_ms = max(0, min(self.timeline.duration_ms, to_ms))
        self.game = self.timeline.game_at(to_ms)
        self._done = self.timeline.inputs_until(to_ms)
        self.position_ms = to_ms
        self._anchor()

    def jump(self, by_ms: int) -> None:
        """Move by so many milliseconds."""
        self.seek(self.position_ms + by_ms)

    def step(self, direction: int) -> None:
        """Go to the next event (1) or the previous one (-1), and pause there."""
        stops = self.timeline.stops
        self.pause()
        if direction > 0:
            place = bisect_right(stops, self.position_ms)
            self.seek(stops[place] if place < len(stops) else self.timeline.duration_ms)
        else:
            place = bisect_left(stops, self.position_ms) - 1
            self.seek(stops[place] if place >= 0 else 0)

    def _anchor(self, at_ms: int | None = None) -> None:
        """Restart the clock at a position: the present one, or another."""
        self._since = self._clock()
        self._from_ms = self.position_ms if at_ms is None else at_ms

    def go(self, to_ms: int) -> frozenset[Cell]:
        """Play on to a later moment; return the cells that look different there."""
        changed: set[Cell] = set()
        until = self.timeline.inputs_until(to_ms)
        for at_ms, item in self.timeline.inputs[self._done : until]:
            changed |= self.game.apply(item, self.timeline.session_ms(at_ms)).cells
        self._done = until
        changed |= self.game.apply(Tick(), self.timeline.session_ms(to_ms)).cells
        self.position_ms = to_ms
        return frozenset(changed)
