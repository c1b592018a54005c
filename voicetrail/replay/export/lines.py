"""The drawing as straight lines and signs, with the times at which they appeared and disappeared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from voicetrail.game.rules import EMPTY, Mark, Rules
from voicetrail.game.trail import DOWN, LEFT, RIGHT, UP, Cell, Pen
from voicetrail.replay.drawing import Bounds, bounds
from voicetrail.replay.export.look import color_of
from voicetrail.replay.export.moments import moments
from voicetrail.replay.timeline import Timeline

Axis = Literal["across", "along"]
"""Along a row, or across rows."""
Point = tuple[float, float]
"""Column and row; whole numbers are the middles of cells."""


@dataclass(frozen=True, slots=True)
class _Arm:
    """Half a stroke: from the middle of a cell to its border."""

    axis: Axis
    row: int
    """The row or column that it lies in."""
    place: int
    """Its position there, in half cells."""
    color: str


Span = tuple[_Arm, tuple[int, int | None]]
"""An arm with the times at which it appeared and disappeared."""


@dataclass(frozen=True, slots=True)
class StraightLine:
    """A straight line in the direction in which it was drawn."""

    start: Point
    end: Point
    color: str
    on_ms: int = 0
    off_ms: int | None = None
    """When it disappeared; ``None`` if it stayed."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A cell that is not a line."""

    cell: Cell
    mark: Mark
    on_ms: int = 0
    off_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PenAt:
    """Where the pen was from a moment on; ``None`` where a mode has no pen."""

    at_ms: int
    pen: Pen | None


@dataclass(frozen=True, slots=True)
class Animation:
    """A session as lines and signs."""

    lines: tuple[StraightLine, ...]
    """In the order in which they appeared."""
    signs: tuple[Sign, ...]
    pens: tuple[PenAt, ...]
    bounds: Bounds
    """The box around everything that was ever drawn."""


def final_lines(game: Rules) -> list[StraightLine]:
    """The lines of a drawing as the fewest straight lines."""
    arms = (arm for cell in game.marked() for arm in _arms(cell, game.mark_at(cell)))
    return _joined(((arm, (0, None)) for arm in arms), lambda _: False)


def final_signs(game: Rules) -> list[Sign]:
    """The cells of a drawing that are not lines."""
    marks = ((cell, game.mark_at(cell)) for cell in sorted(game.marked()))
    return [Sign(cell, mark) for cell, mark in marks if _is_sign(mark)]


def animation(timeline: Timeline) -> Animation:
    """The whole session as lines and signs with their times."""
    changes = _Changes()
    pens: list[PenAt] = []
    backwards: dict[int, bool] = {}
    for at_ms, game, cells in moments(timeline):
        for cell in cells:
            changes.take(at_ms, cell, game.mark_at(cell))
        pen = game.pen
        backwards[at_ms] = pen is not None and pen.direction in ("left", "up")
        if not pens or pens[-1].pen != pen:
            pens.append(PenAt(at_ms, pen))
    lines = _joined(changes.all_spans(), lambda on_ms: backwards.get(on_ms, False))
    cells_with_pen = {one.pen.cell for one in pens if one.pen is not None}
    return Animation(
        lines=tuple(sorted(lines, key=lambda line: line.on_ms)),
        signs=tuple(changes.all_signs()),
        pens=tuple(pens),
        bounds=_around(changes.cells | cells_with_pen) or bounds(timeline.final),
    )


class _Changes:
    """Turns changed cells into arms and signs with the times at which they appeared and disappeared."""

    def __init__(self) -> None:
        self.cells: set[Cell] = set()
        """Every cell that ever showed something."""
        self._arms: dict[Cell, dict[_Arm, int]] = {}
        self._spans: list[Span] = []
        self._shown: dict[Cell, Sign] = {}
        self._signs: list[Sign] = []

    def take(self, at_ms: int, cell: Cell, mark: Mark) -> None:
        """Note what a cell shows from now on."""
        before = self._arms.pop(cell, {})
        now = {arm: before.pop(arm, at_ms) for arm in _arms(cell, mark)}
        self._spans += [(arm, (on_ms, at_ms)) for arm, on_ms in before.items()]
        if now:
            self._arms[cell] = now
        sign = self._shown.get(cell)
        if sign is not None and sign.mark != mark:
            self._signs.append(Sign(cell, sign.mark, sign.on_ms, at_ms))
            del self._shown[cell]
        if _is_sign(mark) and cell not in self._shown:
            self._shown[cell] = Sign(cell, mark, at_ms)
        if mark != EMPTY:
            self.cells.add(cell)

    def all_spans(self) -> list[Span]:
        """Every arm, including those that stayed."""
        return [*self._spans, *((arm, (on_ms, None)) for arms in self._arms.values() for arm, on_ms in arms.items())]

    def all_signs(self) -> list[Sign]:
        """Every sign, including those that stayed."""
        return [*self._signs, *self._shown.values()]


def _arms(cell: Cell, mark: Mark) -> Iterator[_Arm]:
    x, y = cell
    if mark.mask:
        color = color_of(mark)
        if mark.mask & LEFT:
            yield _Arm("along", y, 2 * x, color)
        if mark.mask & RIGHT:
            yield _Arm("along", y, 2 * x + 1, color)
        if mark.mask & UP:
            yield _Arm("across", x, 2 * y, color)
        if mark.mask & DOWN:
            yield _Arm("across", x, 2 * y + 1, color)


def _is_sign(mark: Mark) -> bool:
    return not mark.mask and mark != EMPTY


def _joined(spans: Iterable[Span], backwards: Callable[[int], bool]) -> list[StraightLine]:
    """Join arms that lie in a row, have the same color, and appeared and disappeared together."""
    groups: dict[tuple[Axis, int, str, int, int | None], list[int]] = {}
    for arm, (on_ms, off_ms) in spans:
        groups.setdefault((arm.axis, arm.row, arm.color, on_ms, off_ms), []).append(arm.place)
    lines: list[StraightLine] = []
    for (axis, row, color, on_ms, off_ms), places in groups.items():
        places.sort()
        first = places[0]
        for place, following in zip(places, [*places[1:], None], strict=True):
            if following == place + 1:
                continue
            # The middle of a cell lies between its two halves.
            from_, to = (first - 1) / 2, place / 2
            ends: list[Point] = [(from_, row), (to, row)] if axis == "along" else [(row, from_), (row, to)]
            start, end = reversed(ends) if backwards(on_ms) else ends
            lines.append(StraightLine(start, end, color, on_ms, off_ms))
            first = following if following is not None else place
    return lines


def _around(cells: Collection[Cell]) -> Bounds | None:
    if not cells:
        return None
    xs, ys = [x for x, _ in cells], [y for _, y in cells]
    return min(xs), min(ys), max(xs), max(ys)
