"""Colors and characters of the game's own widgets, taken from the app's theme."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style
from textual.color import Color

from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS, Glyphs
from voicetrail.game.ink import ColorName
from voicetrail.game.rules import Role

AGES = (6, 24)
"""Ages, in strokes, at which a stroke takes the next calmer color."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The characters of bars, lists and states."""

    eighths: str
    """Bar characters from an eighth of a cell to a full cell."""
    above: str
    """A filled cell of a score bar above the threshold."""
    empty: str
    tick: str
    """The threshold on a bar."""
    peak: str
    """The highest score of the last seconds on a bar."""
    full: str
    """A filled cell of a bar without fractions of cells."""
    heard: str
    """A detected word."""
    missed: str
    """A near miss."""
    selected: str
    listening: str
    muted: str
    loading: str
    recording: str
    edge: str
    """A cell beyond the edge of the drawing."""
    grid: str
    roles: Mapping[Role, str]
    """The character of each role that is not a line."""
    place: str
    """A place without an arrow yet (echo)."""
    dots: str
    """Ellipsis at the end of a shortened text."""
    arrow: str
    above_list: str
    """Shown at the first visible row of a list if there are more rows above it."""
    below_list: str
    """Shown at the last visible row of a list if there are more rows below it."""


BOX_MARKS = Marks(
    eighths="▏▎▍▌▋▊▉█",
    above="▓",
    empty="─",
    tick="┃",
    peak="╌",
    full="━",
    heard="●",
    missed="·",
    selected="▸",
    listening="●",
    muted="○",
    loading="◌",
    recording="●",
    edge="▒",
    grid="·",
    roles={"goal": "⌂", "gem": "♦", "food": "●", "fog": "░", "wall": "█"},
    place="·",
    dots="…",
    arrow="→",
    above_list="↑",
    below_list="↓",
)
ASCII_MARKS = Marks(
    eighths="=",
    above="#",
    empty="-",
    tick="|",
    peak=":",
    full="=",
    heard="*",
    missed=".",
    selected=">",
    listening="*",
    muted="o",
    loading="~",
    recording="*",
    edge="#",
    grid=".",
    roles={"goal": "X", "gem": "$", "food": "@", "fog": ":", "wall": "#"},
    place="_",
    dots="~",
    arrow="->",
    above_list="^",
    below_list="v",
)


@dataclass(frozen=True, slots=True)
class Look:
    """Styles and characters of one theme."""

    glyphs: Glyphs
    marks: Marks
    ascii_only: bool
    text: Style
    dim: Style
    grid: Style
    ages: tuple[Style, ...]
    """Styles of the trail from the newest stroke to the oldest; one more than ``AGES`` has items."""
    lit: Style
    """The newest stroke while it is lit."""
    pen: Style
    accent: Style
    good: Style
    warn: Style
    bad: Style
    roles: Mapping[Role, Style]
    inks: Mapping[ColorName, Style]
    heat: tuple[Color, ...]
    """The colors of the spectrogram from silence to the loudest sound; only a few, so that cells change less often."""

    @property
    def trail(self) -> Style:
        """The style of a trail without ages."""
        return self.ages[0]

    def bar(self, value: float, room: int) -> str:
        """Return a bar of at most ``room`` cells for a value from 0 to 1, with fractions of a cell where characters for them exist."""
        parts = len(self.marks.eighths)
        filled = round(min(1.0, max(0.0, value)) * room * parts)
        whole, rest = divmod(filled, parts)
        return self.marks.eighths[-1] * whole + (self.marks.eighths[rest - 1] if rest else "")


def make_look(variables: Mapping[str, str], *, ansi: bool, ascii_only: bool, light: bool = False) -> Look:
    """Create the look of a theme.

    Args:
        variables: the theme's colors by name (``App.theme_variables``).
        ansi: the theme uses the terminal's sixteen colors.
        ascii_only: draw with ASCII characters.
        light: the background is light (used only with ``ansi``).
    """
    glyphs, marks = (ASCII_GLYPHS, ASCII_MARKS) if ascii_only else (BOX_GLYPHS, BOX_MARKS)
    return _ansi_look(glyphs, marks, ascii_only, light) if ansi else _true_look(glyphs, marks, ascii_only, variables)


def _ansi_look(glyphs: Glyphs, marks: Marks, ascii_only: bool, light: bool) -> Look:
    # Dim is an attribute here and not gray, because some terminals show "bright black" as black. The pen has reversed colors, which
    # are visible on any background.
    def named(color: str, *, bold: bool = False) -> Style:
        return Style(color=color, bold=bold or None)

    trail, accent, good, warn, bad = (
        ("blue", "blue", "blue", "magenta", "red")
        if light
        else ("bright_green", "bright_cyan", "bright_green", "bright_yellow", "bright_red")
    )
    dim = Style(dim=True)
    inks: dict[ColorName, str] = {
        "red": "red" if light else "bright_red",
        "orange": "red" if light else "yellow",
        "yellow": "magenta" if light else "bright_yellow",
        "green": "blue" if light else "bright_green",
        "blue": "blue" if light else "bright_cyan",
        "purple": "magenta" if light else "bright_magenta",
        "white": "black" if light else "bright_white",
    }
    roles: dict[Role, Style] = {
        "guide": dim,
        "right": named(good, bold=True),
        "wrong": named(bad, bold=True),
        "wall": Style(),
        "fog": dim,
        "goal": named(good, bold=True),
        "gem": named(accent, bold=True),
        "food": named(warn, bold=True),
        "body": named(trail, bold=True),
        "asked": named(accent, bold=True),
        "said": named(good, bold=True),
    }
    return Look(
        glyphs,
        marks,
        ascii_only,
        text=Style(),
        dim=dim,
        grid=dim,
        ages=(named(trail, bold=True), named(trail), named(trail)),
        lit=Style(bold=True),
        pen=Style(reverse=True, bold=True),
        accent=named(accent),
        good=named(good, bold=True),
        warn=named(warn, bold=True),
        bad=named(bad, bold=True),
        roles=roles,
        inks={name: named(color, bold=True) for name, color in inks.items()},
        heat=(),
    )


def _true_look(glyphs: Glyphs, marks: Marks, ascii_only: bool, variables: Mapping[str, str]) -> Look:
    colors = {name: Color.parse(variables[name]) for name in ("foreground", "background", *_ROLES)}
    text, background = colors["foreground"], colors["background"]

    def solid(color: Color, *, bold: bool = False) -> Style:
        return Style(color=color.rich_color, bold=bold or None)

    def faded(color: Color, by: float) -> Color:
        return color.blend(background, by, alpha=1)

    success, warning, error = colors["success"], colors["warning"], colors["error"]
    accent = colors["primary"].blend(text, 0.25, alpha=1)
    bright = success.blend(text, 0.15, alpha=1)
    calm = success.blend(colors["primary"], 0.45, alpha=1)
    roles: dict[Role, Style] = {
        "guide": solid(faded(text, 0.5)),
        "right": solid(success, bold=True),
        "wrong": solid(error, bold=True),
        "wall": solid(faded(text, 0.4)),
        "fog": solid(faded(text, 0.75)),
        "goal": solid(success, bold=True),
        "gem": solid(colors["secondary"], bold=True),
        "food": solid(warning, bold=True),
        "body": solid(success),
        "asked": solid(accent, bold=True),
        "said": solid(success, bold=True),
    }
    dark = background.brightness < 0.5
    return Look(
        glyphs,
        marks,
        ascii_only,
        text=solid(text),
        dim=solid(faded(text, 0.36)),
        grid=solid(faded(text, 0.84)),
        ages=(solid(bright), solid(faded(calm, 0.15)), solid(faded(calm, 0.35))),
        lit=solid(text, bold=True),
        pen=Style(color=background.rich_color, bgcolor=warning.rich_color, bold=True),
        accent=solid(accent),
        good=solid(success, bold=True),
        warn=solid(warning, bold=True),
        bad=solid(error, bold=True),
        roles=roles,
        inks={name: solid(Color.parse(_INKS[name][0 if dark else 1])) for name in _INKS},
        heat=_heat(background, calm, warning, text),
    )


def _heat(*stops: Color) -> tuple[Color, ...]:
    """Return twelve colors, interpolated evenly between the stops."""
    steps = 12
    colors = []
    for number in range(steps):
        place = number * (len(stops) - 1) / (steps - 1)
        first = min(int(place), len(stops) - 2)
        colors.append(stops[first].blend(stops[first + 1], place - first, alpha=1))
    return tuple(colors)


_ROLES = ("primary", "secondary", "success", "warning", "error")
_INKS: dict[ColorName, tuple[str, str]] = {
    "red": ("#ff7b7b", "#b01e1e"),
    "orange": ("#ffa657", "#9a4a00"),
    "yellow": ("#ffe066", "#7a5c00"),
    "green": ("#7ee787", "#1a6b2c"),
    "blue": ("#79b8ff", "#1a56a8"),
    "purple": ("#d2a8ff", "#6f3fb0"),
    "white": ("#ffffff", "#1d1d1d"),
}
"""The colors of a drawing, on a dark and on a light background."""


def ascii_locale(env: Mapping[str, str] | None = None) -> bool:
    """Return whether the locale is limited to ASCII (``LC_ALL=C``); then the game does not use box-drawing characters."""
    env = os.environ if env is None else env
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "UTF" not in locale.upper()
