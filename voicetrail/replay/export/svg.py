"""The drawing as vector lines, still or drawn again as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.sax.saxutils import escape

from voicetrail.game.trail import Cell, Direction
from voicetrail.replay.export import Options, Report
from voicetrail.replay.export.lines import Animation, PenAt, StraightLine, film, final_lines
from voicetrail.replay.export.look import BACKGROUND, CELL, LINE, PEN, TRAIL
from voicetrail.replay.export.moments import STILL_MS, Pace
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

DRAW_MS = 250
"""Time that a line takes to be drawn."""
IDLE_MS = 1000
_TURNS: dict[Direction | None, int] = {"right": 0, "down": 90, "left": 180, "up": 270, None: 0}


def write_svg(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the drawing; with ``options.animate`` it draws itself (SMIL), and shows the end where nothing moves."""
    for number, part in enumerate(_animated(timeline, options, progress) if options.animate else _still(timeline)):
        file.write(part.encode() + b"\n")
        if number == 0:
            progress(0.0)
    progress(1.0)


def _still(timeline: Timeline) -> Iterator[str]:
    trail = timeline.final.trail
    yield from _head(timeline, trail.bounds())
    path = " ".join(f"M{_point(line.start)}L{_point(line.end)}" for line in final_lines(trail))
    if path:
        yield f'<path d="{path}"/>'
    yield "</g>"
    yield _pen(PenAt(0, trail.pen.cell, trail.pen.direction))
    yield "</svg>"


def _animated(timeline: Timeline, options: Options, progress: Report) -> Iterator[str]:
    whole = film(timeline)
    times = [line.on_ms for line in whole.lines] + [line.off_ms for line in whole.lines if line.off_ms is not None]
    idle_ms = IDLE_MS if options.idle is None else 1000 * options.idle
    pace = Pace.of([*times, *(pen.at_ms for pen in whole.pens)], speed=options.speed, idle_ms=idle_ms)
    yield from _head(timeline, whole.bounds)
    for number, line in enumerate(whole.lines):
        yield _moving_line(line, pace)
        progress(number / len(whole.lines))
    yield "</g>"
    yield _moving_pen(whole, pace)
    yield "</svg>"


def _head(timeline: Timeline, bounds: tuple[int, int, int, int]) -> Iterator[str]:
    left, top, right, bottom = bounds
    x, y = (left - 1) * CELL[0] * 1.0, (top - 1) * CELL[1] * 1.0
    width, height = (right - left + 3) * CELL[0], (bottom - top + 3) * CELL[1]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:g} {y:g} {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(printable(timeline.header.title or timeline.recording.path.stem))}</title>"
    )
    yield f'<rect x="{x:g}" y="{y:g}" width="{width}" height="{height}" fill="{BACKGROUND}"/>'
    yield f'<g fill="none" stroke="{TRAIL}" stroke-width="{LINE}" stroke-linecap="round" stroke-linejoin="round">'


def _point(cell: Cell) -> str:
    """The middle of a cell."""
    return f"{(cell[0] + 0.5) * CELL[0]:g} {(cell[1] + 0.5) * CELL[1]:g}"


def _moving_line(line: StraightLine, pace: Pace) -> str:
    on, off = pace(line.on_ms), None if line.off_ms is None else pace(line.off_ms)
    shape = f'd="M{_point(line.start)}L{_point(line.end)}" pathLength="1" stroke-dasharray="1 1"'
    drawn = f'<animate attributeName="stroke-dashoffset" begin="{_s(on)}" dur="{_s(DRAW_MS)}" from="1" to="0"/>'
    if off is None:
        hidden = f'<set attributeName="visibility" to="hidden" begin="0s" end="{_s(on)}"/>' if on > 0 else ""
        return f"<path {shape}>{hidden}{drawn}</path>"
    shown = f'<set attributeName="visibility" to="visible" begin="{_s(on)}" end="{_s(max(off, on + 1))}"/>'
    return f'<path {shape} visibility="hidden">{shown}{drawn}</path>'


def _moving_pen(whole: Animation, pace: Pace) -> str:
    """A dot that jumps along; where nothing moves it stands at the end."""
    last = whole.pens[-1]
    x, y = _point(last.cell).split()
    length = max(1.0, pace.film[-1] + STILL_MS)
    stops: dict[str, str] = {}
    for pen in whole.pens:
        stops[f"{pace(pen.at_ms) / length:.5f}"] = _point(pen.cell)
    # Key times have to begin at 0.
    stops = {"0": _point(whole.pens[0].cell), **{time: place for time, place in stops.items() if float(time) > 0}}
    move = (
        f'<animateTransform attributeName="transform" type="translate" calcMode="discrete" dur="{_s(length)}" fill="freeze"'
        f' keyTimes="{";".join(stops)}" values="{";".join(stops.values())}"/>'
    )
    return f'<circle r="{LINE * 1.6:g}" fill="{PEN}" transform="translate({x} {y})">{move}</circle>'


def _pen(pen: PenAt) -> str:
    x, y = _point(pen.cell).split()
    if pen.direction is None:
        return f'<circle cx="{x}" cy="{y}" r="{LINE * 1.6:g}" fill="{PEN}"/>'
    size = LINE * 2
    return (
        f'<path d="M{-size} {-size}L{size * 1.2:g} 0L{-size} {size}Z" fill="{PEN}"'
        f' transform="translate({x} {y}) rotate({_TURNS[pen.direction]})"/>'
    )


def _s(ms: float) -> str:
    return f"{ms / 1000:.3f}s"
