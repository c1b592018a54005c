"""What a training says of itself, as a screen shows it: where it stands, and what it gave. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicetrail.teaching.heads.personal import Check
    from voicetrail.teaching.heads.teach import Taught


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """How far the training is."""

    part: float
    loss: float
    accuracy: float | None
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Result:
    """What teaching gave."""

    words: tuple[str, ...]
    accuracy: float
    """Part of the held-out takes that were right."""
    heard: float
    """Part of them that also reached the threshold."""
    threshold: float
    false_an_hour: float
    """False moves an hour of other people's talk that are assumed."""
    confusion: tuple[tuple[int, ...], ...]
    """How many takes of each word (rows) were taken for which (columns)."""
    advice: tuple[str, ...]
    saved: bool = True
    """It is kept under its name; personal mode keeps nothing that is no better than what ships."""
    compared: str = ""
    """In personal mode: how it does beside what ships, as a sentence."""


def result_of(taught: Taught, check: Check | None, *, saved: bool) -> Result:
    """What a screen shows of a head.

    Args:
        taught: the head.
        check: in personal mode, how it does beside what ships.
        saved: it is kept.
    """
    held_out = taught.held_out
    return Result(
        held_out.words,
        held_out.accuracy,
        held_out.heard(taught.threshold),
        taught.threshold,
        taught.false_an_hour,
        tuple(tuple(int(count) for count in row) for row in held_out.confusion()),
        taught.advice,
        saved,
        "" if check is None else check.sentence,
    )
