"""Whether the terminal can show the game, and how well. Everything comes in from outside, so that any terminal can be tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from voicetrail.checkup.finding import Finding
from voicetrail.output import SMALLEST_WINDOW
from voicetrail.text import printable

BEST = (100, 30)
"""Columns and rows from which everything has room."""


def check_terminal(
    env: Mapping[str, str],
    *,
    is_terminal: bool,
    size: tuple[int, int] | None,
    encoding: str,
    widths: Mapping[str, int] | None = None,
    lacking: Sequence[str] | None = None,
) -> Iterator[Finding]:
    """Look at a terminal.

    Args:
        env: the environment.
        is_terminal: whether standard input and output are one.
        size: columns and rows, ``None`` where there are none.
        encoding: that of the standard output.
        widths: cells of each of the game's signs, as ``probe.measure_widths`` gives them; ``None`` where nobody asked.
        lacking: signs that a console's font lacks; ``None`` where that cannot be known.
    """
    if not is_terminal:
        yield Finding(
            "terminal",
            "warn",
            "the input or output of this command is no terminal",
            "run `voicetrail doctor` in the terminal that the game is to be played in",
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
            f"TERM is {shown}: it cannot place characters",
            "use a real terminal or set TERM=xterm-256color; `voicetrail listen mic` needs none",
        )
    return Finding("terminal", "ok", f"TERM is {printable(kind)}")


def _size(columns: int, rows: int) -> Finding:
    text = f"{columns}×{rows} characters"
    if columns < SMALLEST_WINDOW[0] or rows < SMALLEST_WINDOW[1]:
        return Finding("terminal", "fail", text, f"make the window at least {SMALLEST_WINDOW[0]}×{SMALLEST_WINDOW[1]}")
    if columns < BEST[0] or rows < BEST[1]:
        return Finding("terminal", "ok", f"{text} (at its best from {BEST[0]}×{BEST[1]})")
    return Finding("terminal", "ok", text)


def _colors(env: Mapping[str, str]) -> Finding:
    if env.get("NO_COLOR"):
        return Finding("terminal", "ok", "no colors, as NO_COLOR asks")
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or env.get("TERM", "").endswith("-direct"):
        return Finding("terminal", "ok", "true color")
    if "256color" in env.get("TERM", ""):
        return Finding("terminal", "ok", "256 colors (true color: set COLORTERM=truecolor if the terminal has it)")
    return Finding("terminal", "warn", "16 colors", "set TERM=xterm-256color if the terminal has more")


def _characters(env: Mapping[str, str], encoding: str) -> Finding:
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if "utf" in locale.lower().replace("-", "") and "utf" in encoding.lower():
        return Finding("terminal", "ok", f"UTF-8 ({printable(locale)})")
    return Finding(
        "terminal",
        "warn",
        f"the locale is {printable(locale) or 'not set'}, the output {printable(encoding)}: the trail is drawn in ASCII",
        "set LC_ALL=C.UTF-8 for joined lines",
    )


def _signs(env: Mapping[str, str], widths: Mapping[str, int] | None, lacking: Sequence[str] | None) -> Iterator[Finding]:
    use_ascii = "`voicetrail settings set ascii on` draws with ASCII characters"
    if lacking:
        yield Finding(
            "terminal",
            "warn",
            f"this console's font has no {' '.join(lacking)}",
            f"choose another font with setfont, or {use_ascii}",
        )
    elif lacking is None and env.get("TERM") == "linux":
        yield Finding("terminal", "warn", "a Linux console's font may lack signs such as ► ○ ◌", use_ascii)
    if widths is None:
        return
    if not widths:
        yield Finding("terminal", "ok", "the terminal does not say how wide it draws characters")
        return
    wide = [sign for sign, width in widths.items() if width > 1]
    if wide:
        yield Finding(
            "terminal",
            "warn",
            f"{len(wide)} of the game's signs are drawn two cells wide ({' '.join(wide[:8])})",
            f"set ambiguous-width characters to narrow in the terminal's settings, or {use_ascii}",
        )
    else:
        yield Finding("terminal", "ok", "every sign is drawn one cell wide")


def _line(env: Mapping[str, str]) -> Iterator[Finding]:
    if "SSH_CONNECTION" in env:
        yield Finding(
            "terminal",
            "warn",
            "this is an SSH session: the microphone on your desk is not on this machine",
            "on your own machine run `voicetrail ssh HOST`, which brings it along",
        )
    for name, program in (("TMUX", "tmux"), ("STY", "screen")):
        if name in env:
            yield Finding("terminal", "ok", f"inside {program}")
