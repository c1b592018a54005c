"""The session as a row of moments at which the drawing changes, and their times in a film."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voicetrail.game import Sketch
from voicetrail.game.inputs import Tick
from voicetrail.game.trail import Cell
from voicetrail.replay.timeline import Timeline

GLIDE_MS = 100
"""Time between two looks at a pen that glides."""
GLIDE_MOMENTS = 3000
"""Most looks at one glide: a damaged file may claim that it went on for a week."""
FIT_MS = 30_000
"""Length of a film whose speed nobody asked for."""
STILL_MS = 2_000
"""The last picture stays for so long."""


def moments(timeline: Timeline) -> Iterator[tuple[int, Sketch, frozenset[Cell]]]:
    """Play the session: after each change its time, the game (one object throughout) and the cells that changed."""
    game = timeline.game_at(-1)
    ends = [*(at_ms for at_ms, _ in timeline.inputs), timeline.duration_ms][1:]
    yield 0, game, frozenset(game.trail.cells)
    for (at_ms, item), end_ms in zip(timeline.inputs, ends, strict=True):
        changes = game.apply(item, timeline.session_ms(at_ms))
        yield at_ms, game, changes.cells
        step = max(GLIDE_MS, (end_ms - at_ms) // GLIDE_MOMENTS)
        for tick_ms in range(at_ms + step, end_ms, step):
            if not game.movement.moving:
                break
            yield tick_ms, game, game.apply(Tick(), timeline.session_ms(tick_ms)).cells
    yield timeline.duration_ms, game, game.apply(Tick(), timeline.session_ms(timeline.duration_ms)).cells


@dataclass(frozen=True, slots=True)
class Pace:
    """Turns times of the session into times of a film: long pauses are cut, and all goes at a speed."""

    times: tuple[int, ...]
    """Times of the session at which something happens, in order."""
    film: tuple[float, ...]
    """The same in the film."""

    @classmethod
    def of(cls, times: Iterable[int], *, speed: float | None, idle_ms: float) -> Pace:
        """Make a pace.

        Args:
            times: of what happens.
            speed: ``None`` is 1, or as much more as it takes to fit into ``FIT_MS``.
            idle_ms: longest pause in the film's time.
        """
        ordered = sorted({0, *times})
        film, at = [], 0.0
        factor = speed or 1.0
        for before, now in zip([0, *ordered], ordered, strict=False):
            at += min((now - before) / factor, idle_ms)
            film.append(at)
        if speed is None and at > FIT_MS:
            film = [value * FIT_MS / at for value in film]
        return cls(tuple(ordered), tuple(film))

    def __call__(self, at_ms: int) -> float:
        """The film's time of something that happens, in ms."""
        return self.film[max(0, bisect_right(self.times, at_ms) - 1)]
