"""The moments of a session at which the drawing changes, and their times in an animation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voicetrail.errors import ReplayError
from voicetrail.game.inputs import Tick
from voicetrail.game.rules import Rules
from voicetrail.game.trail import Cell
from voicetrail.replay.timeline import Timeline

MOVING_MS = 100
"""Time between two frames while something moves by itself."""
QUIET_LOOKS = 100
"""After so many frames without a change, the game is not drawn again until the next input."""
MOMENTS_MAX = 500_000
CHANGES_MAX = 5_000_000
"""Most moments, and most changed cells, that an export takes."""
FIT_MS = 30_000
"""Length of an animation without a given speed."""
LONGEST_MS = 24 * 3_600_000
"""Longest animation."""
STILL_MS = 2_000
"""How long the last picture stays."""


def moments(timeline: Timeline) -> Iterator[tuple[int, Rules, frozenset[Cell]]]:
    """Play the session. Yield after each change its time, the game (always the same object) and the cells that changed.

    Raises:
        ReplayError: too much happens for any export.
    """
    count = changed = 0
    for at_ms, game, cells in _moments(timeline):
        count, changed = count + 1, changed + len(cells)
        if count > MOMENTS_MAX or changed > CHANGES_MAX:
            raise ReplayError(
                "too much happens in this session for an animation; export a png, txt or ans of the final drawing"
            )
        yield at_ms, game, cells


def _moments(timeline: Timeline) -> Iterator[tuple[int, Rules, frozenset[Cell]]]:
    game = timeline.game_at(-1)
    ends = [*(at_ms for at_ms, _ in timeline.inputs), timeline.duration_ms][1:]
    yield 0, game, game.marked()
    for (at_ms, item), end_ms in zip(timeline.inputs, ends, strict=True):
        yield at_ms, game, game.apply(item, timeline.session_ms(at_ms)).cells
        quiet = 0
        for tick_ms in range(at_ms + MOVING_MS, end_ms, MOVING_MS):
            if not game.moving or quiet == QUIET_LOOKS:
                break
            cells = game.apply(Tick(), timeline.session_ms(tick_ms)).cells
            quiet = 0 if cells else quiet + 1
            yield tick_ms, game, cells
    yield timeline.duration_ms, game, game.apply(Tick(), timeline.session_ms(timeline.duration_ms)).cells


@dataclass(frozen=True, slots=True)
class Pace:
    """Maps times of the session to times of an animation: long pauses are cut, and the rest is scaled by the speed."""

    times: tuple[int, ...]
    """The times of the session at which something happens, in order."""
    shown: tuple[float, ...]
    """The same moments in the animation."""

    @classmethod
    def of(cls, times: Iterable[int], *, speed: float | None, idle_ms: float, longest_ms: int = LONGEST_MS) -> Pace:
        """Make a pace.

        Args:
            times: the times at which something happens.
            speed: ``None`` takes 1, or as much more as is needed to fit into ``FIT_MS``.
            idle_ms: longest pause in the animation's time.
            longest_ms: longest animation.

        Raises:
            ReplayError: the animation would be longer.
        """
        ordered = sorted({0, *times})
        shown, at = [], 0.0
        factor = speed or 1.0
        for before, now in zip([0, *ordered], ordered, strict=False):
            at += min((now - before) / factor, idle_ms)
            shown.append(at)
        if speed is None and at > FIT_MS:
            shown = [value * FIT_MS / at for value in shown]
        if shown[-1] > longest_ms:
            raise ReplayError(
                f"it would be {shown[-1] / 60_000:.0f} minutes long, and the limit is {longest_ms // 60_000};"
                " choose a higher --speed or a shorter --idle"
            )
        return cls(tuple(ordered), tuple(shown))

    def __call__(self, at_ms: int) -> float:
        """The animation's time for a moment of the session, in ms."""
        return self.shown[max(0, bisect_right(self.times, at_ms) - 1)]
