"""The text to share after a round: a few lines of ASCII that do not reveal the solution."""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.game.rules import RoundResult
from voicetrail.text import counted

WIDTH = 40
"""Maximum length of a line, in characters, so that it fits everywhere."""


def time_text(ms: int) -> str:
    """Format a time as ``m:ss``."""
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def bar(part: float, width: int = 20) -> str:
    """Draw a fraction (0 to 1) as ``[######----]``."""
    filled = round(width * min(1.0, max(0.0, part)))
    return f"[{'#' * filled}{'-' * (width - filled)}]"


def compose_share_text(title: str, result: RoundResult, lines: Sequence[str]) -> str:
    """Compose a share text: title, lines of the mode, and result.

    Args:
        title: mode and level.
        result: the result of the round.
        lines: at most five more lines.
    """
    words = counted(result.words, "word")
    par = f" (par {result.par})" if result.par is not None else ""
    medal = f", {result.medal} medal" if result.medal else ""
    text = [f"voicetrail {title}".rstrip(), *lines, f"{words}{par} in {time_text(result.time_ms)}{medal}"]
    return "\n".join(_plain(line)[:WIDTH] for line in text)


def _plain(text: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in text)
