"""What a check found."""

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
    """What was found."""
    advice: str = ""
    """What to do about it."""
