"""Checks whether the terminal can show the game, and how well. All facts are arguments, so that tests can describe any terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from voicetrail.checkup.finding import Finding
from voicetrail.output import SMALLEST_WINDOW
from voicetrail.text import printable

BEST = (100, 30)
"""Columns and rows at which everything fits."""


def check_terminal(
    env: Mapping[str, str],
    *,
    is_terminal: bool,
    size: tuple[int, int] | None,
    encoding: str,
    widths: Mapping[str, int] | None = None,
    lacking: Sequence[str] | None = None,
) -> Iterator[Finding]:
    """Check a terminal.

    Args:
        env: the environment.
        is_terminal: whether standard input and output are a terminal.
        size: columns and rows; ``None`` if there is no terminal.
        encoding: encoding of the standard output.
        widths: cells of each of the game's characters, from ``probe.measure_widths``; ``None`` if not measured.
        lacking: characters that are missing in the console's font; ``None`` if unknown.
    """
    if not is_terminal:
        yield Finding(
            "terminal",
            "warn",
            "the input or output of this command is not a terminal",
            "run `voicetrail doctor` in the terminal in which you want to play",
        )
    yield _kind(env)
    if size is not None:
        yield _size(*size)
    yield _colors(env)
    yield _characters(env, encoding)
    yield from _signs(env, widths, lacking)
    yield from _line(env)


def _kind(env: Mapping[str, str]) -> Finding:
    kind = env.get("TERM", "")
    if kind in ("", "dumb", "unknown"):
        shown = printable(kind) or "not set"
        return Finding(
            "terminal",
            "fail",
            f"TERM is {shown}: such a terminal cannot position characters",
            "use another terminal or set TERM=xterm-256color; `voicetrail listen mic` works in any terminal",
        )
    return Finding("terminal", "ok", f"TERM is {printable(kind)}")


def _size(columns: int, rows: int) -> Finding:
    text = f"{columns}×{rows} characters"
    if columns < SMALLEST_WINDOW[0] or rows < SMALLEST_WINDOW[1]:
        return Finding("terminal", "fail", text, f"make the window at least {SMALLEST_WINDOW[0]}×{SMALLEST_WINDOW[1]}")
    if columns < BEST[0] or rows < BEST[1]:
        return Finding("terminal", "ok", f"{text} (recommended: {BEST[0]}×{BEST[1]} or more)")
    return Finding("terminal", "ok", text)


def _colors(env: Mapping[str, str]) -> Finding:
    if env.get("NO_COLOR"):
        return Finding("terminal", "ok", "no colors, because NO_COLOR is set")
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or env.get("TERM", "").endswith("-direct"):
        return Finding("terminal", "ok", "true color")
    if "256color" in env.get("TERM", ""):
        return Finding("terminal", "ok", "256 colors (for true color, set COLORTERM=truecolor if the terminal supports it)")
    return Finding("terminal", "warn", "16 colors", "set TERM=xterm-256color if the terminal supports more")


def _characters(env: Mapping[str, str], encoding: str) -> Finding:
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if "utf" in locale.lower().replace("-", "") and "utf" in encoding.lower():
        return Finding("terminal", "ok", f"UTF-8 ({printable(locale)})")
    return Finding(
        "terminal",
        "warn",
        f"the locale is {printable(locale) or 'not set'}, the output {printable(encoding)}: the trail is drawn in ASCII",
        "set LC_ALL=C.UTF-8 for connected lines",
    )


def _signs(env: Mapping[str, str], widths: Mapping[str, int] | None, lacking: Sequence[str] | None) -> Iterator[Finding]:
    use_ascii = "draw in ASCII: `voicetrail settings set ascii on`"
    if lacking:
        yield Finding(
            "terminal",
            "warn",
            f"these characters are missing in the console's font: {' '.join(lacking)}",
            f"choose another font with setfont, or {use_ascii}",
        )
    elif lacking is None and env.get("TERM") == "linux":
        yield Finding("terminal", "warn", "the font of a Linux console may lack characters such as ► ○ ◌", use_ascii)
    if widths is None:
        return
    if not widths:
        yield Finding("terminal", "ok", "the terminal does not report how wide it draws characters")
        return
    wide = [sign for sign, width in widths.items() if width > 1]
    if wide:
        yield Finding(
            "terminal",
            "warn",
            f"{len(wide)} of the game's characters are drawn two cells wide ({' '.join(wide[:8])})",
            f"set ambiguous-width characters to narrow in the terminal's settings, or {use_ascii}",
        )
    else:
        yield Finding("terminal", "ok", "every character is drawn one cell wide")


def _line(env: Mapping[str, str]) -> Iterator[Finding]:
    if "SSH_CONNECTION" in env:
        yield Finding(
            "terminal",
            "warn",
            "this is an SSH session: your microphone is not connected to this machine",
            "run `voicetrail ssh HOST` on your own machine: it sends your microphone's sound here",
        )
    for name, program in (("TMUX", "tmux"), ("STY", "screen")):
        if name in env:
            yield Finding("terminal", "ok", f"inside {program}")
