"""The drawing as vector lines, still or animated as it was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.sax.saxutils import escape

from voicetrail.errors import ReplayError
from voicetrail.game.trail import Direction, Pen
from voicetrail.progress import Report
from voicetrail.replay.drawing import Bounds, bounds, direction_of
from voicetrail.replay.export import Options
from voicetrail.replay.export.lines import Animation, Point, Sign, StraightLine, animation, final_lines, final_signs
from voicetrail.replay.export.look import BACKGROUND, CELL, LINE, PEN, TRAIL, color_of
from voicetrail.replay.export.moments import STILL_MS, Pace
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

DRAW_MS = 250
"""How long a line takes to be drawn."""
IDLE_MS = 1000
PARTS_MAX = 100_000
"""Most lines and signs in an animated svg: viewers become too slow with more."""
_TURNS: dict[Direction | None, int] = {"right": 0, "down": 90, "left": 180, "up": 270, None: 0}


def write_svg(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the drawing. With ``options.animate`` it draws itself (SMIL); viewers without animation show the end.

    Raises:
        ReplayError: it would be too large.
    """
    for part in _animated(timeline, options, progress) if options.animate else _still(timeline):
        file.write(part.encode() + b"\n")
    progress(1.0)


def _still(timeline: Timeline) -> Iterator[str]:
    game = timeline.final
    yield from _head(timeline, bounds(game))
    by_color: dict[str, list[StraightLine]] = {}
    for line in final_lines(game):
        by_color.setdefault(line.color, []).append(line)
    for color, lines in by_color.items():
        path = " ".join(f"M{_point(line.start)}L{_point(line.end)}" for line in lines)
        yield f'<path{_stroke(color)} d="{path}"/>'
    yield "</g>"
    for sign in final_signs(game):
        yield f"{_sign(sign)}/>"
    yield _pen(game.pen)
    yield "</svg>"


def _animated(timeline: Timeline, options: Options, progress: Report) -> Iterator[str]:
    whole = animation(timeline)
    if len(whole.lines) + len(whole.signs) > PARTS_MAX:
        raise ReplayError("the session is too large for an animated svg; export a gif, or an svg without --animate")
    parts: list[StraightLine | Sign] = [*whole.lines, *whole.signs]
    times = [part.on_ms for part in parts] + [part.off_ms for part in parts if part.off_ms is not None]
    idle_ms = IDLE_MS if options.idle is None else 1000 * options.idle
    pace = Pace.of([*times, *(one.at_ms for one in whole.pens)], speed=options.speed, idle_ms=idle_ms)
    yield from _head(timeline, whole.bounds)
    for number, line in enumerate(whole.lines):
        yield _moving_line(line, pace)
        progress(number / len(parts))
    yield "</g>"
    for sign in whole.signs:
        yield f"{_sign(sign)}{_shown_while(pace, sign.on_ms, sign.off_ms)}"
    yield _moving_pen(whole, pace)
    yield "</svg>"


def _head(timeline: Timeline, around: Bounds) -> Iterator[str]:
    left, top, right, bottom = around
    x, y = (left - 1) * CELL[0] * 1.0, (top - 1) * CELL[1] * 1.0
    width, height = (right - left + 3) * CELL[0], (bottom - top + 3) * CELL[1]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:g} {y:g} {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(printable(timeline.header.title or timeline.replay.path.stem))}</title>"
    )
    yield f'<rect x="{x:g}" y="{y:g}" width="{width}" height="{height}" fill="{BACKGROUND}"/>'
    yield f'<g fill="none" stroke="{TRAIL}" stroke-width="{LINE}" stroke-linecap="round" stroke-linejoin="round">'


def _stroke(color: str) -> str:
    return "" if color == TRAIL else f' stroke="{color}"'


def _point(point: Point) -> str:
    """A point: the middle of a cell where both numbers are whole."""
    return f"{(point[0] + 0.5) * CELL[0]:g} {(point[1] + 0.5) * CELL[1]:g}"


def _moving_line(line: StraightLine, pace: Pace) -> str:
    on, off = pace(line.on_ms), None if line.off_ms is None else pace(line.off_ms)
    shape = f'{_stroke(line.color)} d="M{_point(line.start)}L{_point(line.end)}" pathLength="1" stroke-dasharray="1 1"'
    drawn = f'<animate attributeName="stroke-dashoffset" begin="{_s(on)}" dur="{_s(DRAW_MS)}" from="1" to="0"/>'
    if off is None:
        hidden = f'<set attributeName="visibility" to="hidden" begin="0s" end="{_s(on)}"/>' if on > 0 else ""
        return f"<path{shape}>{hidden}{drawn}</path>"
    shown = f'<set attributeName="visibility" to="visible" begin="{_s(on)}" end="{_s(max(off, on + 1))}"/>'
    return f'<path{shape} visibility="hidden">{shown}{drawn}</path>'


def _shown_while(pace: Pace, on_ms: int, off_ms: int | None) -> str:
    """The end of a sign's element with the times at which it is shown; without animation, what stayed to the end is shown."""
    on = pace(on_ms)
    if off_ms is None:
        hidden = f'<set attributeName="visibility" to="hidden" begin="0s" end="{_s(on)}"/>' if on > 0 else ""
        return f">{hidden}</path>"
    end = _s(max(pace(off_ms), on + 1))
    return f' visibility="hidden"><set attributeName="visibility" to="visible" begin="{_s(on)}" end="{end}"/></path>'


def _sign(sign: Sign) -> str:
    """A cell that is not a line, as an element without its end."""
    width, height = CELL
    color, role = color_of(sign.mark), sign.mark.role
    if sign.mark.direction:
        return _arrow(sign.cell, direction_of(sign.mark), color).removesuffix("/>")
    place = f'transform="translate({_point(sign.cell)})"'
    if role in ("wall", "fog"):
        return f'<path d="M{-width / 2:g} {-height / 2:g}h{width}v{height}h{-width}Z" fill="{color}" {place}'
    if role == "gem":
        return f'<path d="M0 -6L4 0L0 6L-4 0Z" fill="{color}" {place}'
    if role == "goal":
        return f'<path d="M-4 -4h8v8h-8Z" fill="none" stroke="{color}" stroke-width="2" {place}'
    return f'<path d="{_circle(1.5 if role in ("asked", "said") else 4)}" fill="{color}" {place}'


def _circle(radius: float) -> str:
    half = f"a{radius:g} {radius:g} 0 1 0"
    return f"M{-radius:g} 0{half} {2 * radius:g} 0{half} {-2 * radius:g} 0Z"


def _moving_pen(whole: Animation, pace: Pace) -> str:
    """A dot that jumps along; without animation it stands at the end."""
    pens = [(one.at_ms, one.pen.cell) for one in whole.pens if one.pen is not None]
    if not pens:
        return ""
    x, y = _point(pens[-1][1]).split()
    length = max(1.0, pace.shown[-1] + STILL_MS)
    stops: dict[str, str] = {}
    for at_ms, cell in pens:
        stops[f"{pace(at_ms) / length:.5f}"] = _point(cell)
    # Key times have to begin at 0.
    stops = {"0": _point(pens[0][1]), **{time: place for time, place in stops.items() if float(time) > 0}}
    move = (
        f'<animateTransform attributeName="transform" type="translate" calcMode="discrete" dur="{_s(length)}" fill="freeze"'
        f' keyTimes="{";".join(stops)}" values="{";".join(stops.values())}"/>'
    )
    return f'<circle r="{LINE * 1.6:g}" fill="{PEN}" transform="translate({x} {y})">{move}</circle>'


def _pen(pen: Pen | None) -> str:
    return "" if pen is None else _arrow(pen.cell, pen.direction, PEN)


def _arrow(cell: Point, direction: Direction | None, color: str) -> str:
    x, y = _point(cell).split()
    if direction is None:
        return f'<path d="{_circle(LINE * 1.6)}" fill="{color}" transform="translate({x} {y})"/>'
    size = LINE * 2
    return (
        f'<path d="M{-size} {-size}L{size * 1.2:g} 0L{-size} {size}Z" fill="{color}"'
        f' transform="translate({x} {y}) rotate({_TURNS[direction]})"/>'
    )


def _s(ms: float) -> str:
    return f"{ms / 1000:.3f}s"
