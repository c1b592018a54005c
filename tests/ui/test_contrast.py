"""What can be read and seen: WCAG 2 contrast of every theme, and of sixteen colors on black and on white."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.style import Style
from textual.app import App
from textual.color import Color

from voicetrail.ui.style.look import Look, make_look
from voicetrail.ui.style.theme import THEMES

TEXT, MARK = 4.5, 3.0
"""WCAG AA for text, and for what is no text."""
XTERM: tuple[str, ...] = ("#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5")
XTERM += ("#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff")
VGA: tuple[str, ...] = ("#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa")
VGA += ("#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff")


def luminance(color: Color) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def texts(look: Look) -> Mapping[str, Style]:
    return {name: getattr(look, name) for name in ("text", "dim", "accent", "good", "warn", "bad")}


def marks(look: Look) -> Mapping[str, Style]:
    found = {f"age {number}": style for number, style in enumerate(look.ages)} | {"lit": look.lit}
    found |= {role: style for role, style in look.roles.items() if role != "fog"}
    return found | {f"ink {name}": style for name, style in look.inks.items()}


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_theme_of_the_game(theme: str) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        for each in THEMES:
            app.register_theme(each)
        app.theme = theme
        await pilot.pause()
        look = make_look(app.theme_variables, ansi=False, ascii_only=False)
        background = Color.parse(app.theme_variables["background"])
    for needed, styles in ((TEXT, texts(look)), (MARK, marks(look))):
        for name, style in styles.items():
            assert style.color is not None
            assert style.color.triplet is not None
            color = Color.parse(style.color.triplet.hex)
            assert contrast(color, background) >= needed, name
    assert look.pen.color is not None
    assert look.pen.bgcolor is not None
    assert look.pen.color.triplet is not None
    assert look.pen.bgcolor.triplet is not None
    pen = Color.parse(look.pen.bgcolor.triplet.hex)
    assert contrast(pen, background) >= MARK
    assert contrast(Color.parse(look.pen.color.triplet.hex), pen) >= TEXT


@pytest.mark.parametrize("palette", [XTERM, VGA], ids=["xterm", "vga"])
@pytest.mark.parametrize(("light", "background"), [(False, "#000000"), (True, "#ffffff")], ids=["on black", "on white"])
def test_sixteen_colors(palette: tuple[str, ...], light: bool, background: str) -> None:
    look = make_look({}, ansi=True, ascii_only=False, light=light)
    assert look.pen.reverse, "the pen is the terminal's own colors the other way round: seen on any background"
    for name, style in {**texts(look), **marks(look)}.items():
        if style.color is not None:
            assert style.color.number is not None
            assert contrast(Color.parse(palette[style.color.number]), Color.parse(background)) >= MARK, name
