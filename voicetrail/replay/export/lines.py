"""The drawing as straight lines with the times at which they came and went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from voicetrail.game.trail import DOWN, RIGHT, Cell, Direction, Trail
from voicetrail.replay.export.moments import moments
from voicetrail.replay.timeline import Timeline

Axis = Literal["across", "along"]
"""Along a row, or across rows."""
Link = tuple[int, int, Axis]
"""The stroke from the middle of a cell to that of the next one to the right (``along``) or below (``across``)."""


Span = tuple[Link, tuple[int, int | None]]
"""A link with the times at which it came and went."""


@dataclass(frozen=True, slots=True)
class StraightLine:
    """A straight line between the middles of two cells, in the direction in which it was drawn."""

    start: Cell
    end: Cell
    on_ms: int
    off_ms: int | None = None
    """When it went away; ``None`` if it stayed."""


@dataclass(frozen=True, slots=True)
class PenAt:
    """Where the pen was from some moment on."""

    at_ms: int
    cell: Cell
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class Animation:
    """A session as lines."""

    lines: tuple[StraightLine, ...]
    """In the order in which they came."""
    pens: tuple[PenAt, ...]
    bounds: tuple[int, int, int, int]
    """Left, top, right and bottom cell of everything that was ever drawn."""


def links_at(trail: Trail, cell: Cell) -> Iterator[Link]:
    """The links that begin at a cell and go to the right or down."""
    mask = trail.cells.get(cell, 0)
    if mask & RIGHT:
        yield (*cell, "along")
    if mask & DOWN:
        yield (*cell, "across")


def final_lines(trail: Trail) -> list[StraightLine]:
    """The drawing as the fewest straight lines."""
    links = (link for cell in trail.cells for link in links_at(trail, cell))
    return _joined(((link, (0, None)) for link in links), lambda _: False)


def film(timeline: Timeline) -> Animation:
    """The whole session as lines with their times."""
    since: dict[Link, int] = {}
    spans: list[Span] = []
    backwards: dict[int, bool] = {}
    pens: list[PenAt] = []
    for at_ms, game, cells in moments(timeline):
        trail = game.trail
        for x, y in cells:
            now = set(links_at(trail, (x, y)))
            both: tuple[Link, Link] = ((x, y, "along"), (x, y, "across"))
            for link in both:
                if link in now:
                    since.setdefault(link, at_ms)
                elif link in since:
                    spans.append((link, (since.pop(link), at_ms)))
        backwards[at_ms] = trail.pen.direction in ("left", "up")
        if not pens or pens[-1].cell != trail.pen.cell or pens[-1].direction != trail.pen.direction:
            pens.append(PenAt(at_ms, trail.pen.cell, trail.pen.direction))
    spans += [(link, (on_ms, None)) for link, on_ms in since.items()]
    lines = _joined(spans, lambda on_ms: backwards.get(on_ms, False))
    return Animation(tuple(sorted(lines, key=lambda line: line.on_ms)), tuple(pens), _bounds(lines, pens))


def _joined(spans: Iterable[Span], backwards: Callable[[int], bool]) -> list[StraightLine]:
    """Join links that lie in a row and came and went together."""
    groups: dict[tuple[Axis, int, int, int | None], list[int]] = {}
    for (x, y, axis), (on_ms, off_ms) in spans:
        row, place = (y, x) if axis == "along" else (x, y)
        groups.setdefault((axis, row, on_ms, off_ms), []).append(place)
    lines: list[StraightLine] = []
    for (axis, row, on_ms, off_ms), places in groups.items():
        places.sort()
        first = places[0]
        for place, following in zip(places, [*places[1:], None], strict=True):
            if following == place + 1:
                continue
            ends = [(first, row), (place + 1, row)] if axis == "along" else [(row, first), (row, place + 1)]
            start, end = reversed(ends) if backwards(on_ms) else ends
            lines.append(StraightLine(start, end, on_ms, off_ms))
            first = following if following is not None else place
    return lines


def _bounds(lines: Iterable[StraightLine], pens: Iterable[PenAt]) -> tuple[int, int, int, int]:
    cells = [cell for line in lines for cell in (line.start, line.end)] + [pen.cell for pen in pens]
    xs, ys = [x for x, _ in cells], [y for _, y in cells]
    return min(xs), min(ys), max(xs), max(ys)
