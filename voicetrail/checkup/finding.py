"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    part: Literal["terminal", "sound", "recognizer", "settings"]
    verdict: Verdict
    text: str
    """The result, for display."""
    advice: str = ""
    """What the player can do about it; empty if nothing is wrong."""
