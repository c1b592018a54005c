"""Colors and characters of the game's own widgets, taken from the app's theme."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style
from textual.color import Color

from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS, Glyphs


@dataclass(frozen=True, slots=True)
class Marks:
    """The characters of bars, lists and states."""

    full: str
    """A filled cell of a bar."""
    empty: str
    tick: str
    """The threshold on a bar."""
    peak: str
    """The highest score of the last seconds on a bar."""
    heard: str
    """A word that was given out."""
    missed: str
    """A word that came near."""
    selected: str
    listening: str
    muted: str
    loading: str
    recording: str
    edge: str
    """What lies beyond the edge of the drawing."""


BOX_MARKS = Marks("━", "─", "┃", "╌", "●", "·", "▸", "●", "○", "◌", "●", "▒")
ASCII_MARKS = Marks("=", "-", "|", ":", "*", ".", ">", "*", "o", "~", "*", "#")


@dataclass(frozen=True, slots=True)
class Look:
    """How everything looks under one theme."""

    glyphs: Glyphs
    marks: Marks
    text: Style
    dim: Style
    trail: Style
    pen: Style
    accent: Style
    good: Style
    warn: Style
    bad: Style


def make_look(variables: Mapping[str, str], *, ansi: bool, ascii_only: bool) -> Look:
    """The look of a theme.

    Args:
        variables: the theme's colors by name (``App.theme_variables``).
        ansi: the theme uses the terminal's own sixteen colors.
        ascii_only: draw with ASCII characters.
    """
    glyphs, marks = (ASCII_GLYPHS, ASCII_MARKS) if ascii_only else (BOX_GLYPHS, BOX_MARKS)
    if ansi:
        # Dim is an attribute here and no grey: what "bright black" looks like is up to the terminal, at times it is black.
        def named(color: str, *, bold: bool = False) -> Style:
            return Style(color=color, bold=bold or None)

        return Look(
            glyphs,
            marks,
            text=Style(),
            dim=Style(dim=True),
            trail=named("green"),
            pen=named("yellow", bold=True),
            accent=named("cyan"),
            good=named("green", bold=True),
            warn=named("yellow", bold=True),
            bad=named("red", bold=True),
        )
    colors = {name: Color.parse(variables[name]) for name in ("foreground", "background", *_ROLES)}
    text, background = colors["foreground"], colors["background"]

    def solid(color: Color, *, bold: bool = False) -> Style:
        return Style(color=color.rich_color, bold=bold or None)

    return Look(
        glyphs,
        marks,
        text=solid(text),
        dim=solid(background.blend(text, 0.55, alpha=1)),
        trail=solid(colors["success"]),
        pen=solid(colors["warning"], bold=True),
        accent=solid(colors["primary"].blend(text, 0.35, alpha=1)),
        good=solid(colors["success"], bold=True),
        warn=solid(colors["warning"], bold=True),
        bad=solid(colors["error"], bold=True),
    )


_ROLES = ("primary", "success", "warning", "error")


def ascii_locale(env: Mapping[str, str] | None = None) -> bool:
    """Whether the locale has no characters beyond ASCII (``LC_ALL=C``): the terminal is then not trusted with box drawing."""
    env = os.environ if env is None else env
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "UTF" not in locale.upper()
