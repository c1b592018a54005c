"""The progress and the result of a training, as screens show them. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicetrail.teaching.examples import ExampleSet
    from voicetrail.teaching.heads.personal import Check
    from voicetrail.teaching.heads.teach import Taught


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """The progress of a training."""

    part: float
    loss: float
    accuracy: float | None
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The shipped words as they ship, and in one voice; each pair is before and after."""

    takes: int
    """Takes that were held out in turn."""
    heard: tuple[float, float]
    """Part of them that are right and reach their threshold."""
    false_an_hour: tuple[float, float]
    """False moves in an hour of other people's talk and of noise."""
    higher: float
    """How much higher the score of the right word is now, on average, in log-odds."""
    reason: str
    """Why it is kept or not, as a sentence."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A held-out take that was taken for another word."""

    word: str
    number: int
    """Which take of it, from 0."""
    taken_for: str


@dataclass(frozen=True, slots=True)
class TeachingResult:
    """What teaching gave."""

    words: tuple[str, ...]
    accuracy: float
    """Part of the held-out takes that were right."""
    heard: float
    """Part of them that also reached the threshold."""
    threshold: float
    false_an_hour: float
    """Expected false moves per hour of other people's speech."""
    confusion: tuple[tuple[int, ...], ...]
    """Number of takes, by word (rows) and recognized word (columns)."""
    advice: tuple[str, ...]
    saved: bool = True
    """Whether the set was saved; personal mode saves nothing that is not better than the shipped words."""
    compared: Comparison | None = None
    """In personal mode: how it does beside what ships."""
    mistakes: tuple[Mistake, ...] = ()


def result_of(taught: Taught, examples: ExampleSet, check: Check | None, *, saved: bool) -> TeachingResult:
    """What a screen shows of a head.

    Args:
        taught: the result of teaching.
        examples: what it was made from.
        check: in personal mode, the comparison with the shipped words.
        saved: whether the set was saved.
    """
    held_out = taught.held_out
    return TeachingResult(
        held_out.words,
        held_out.accuracy,
        held_out.heard(taught.threshold),
        taught.threshold,
        taught.false_an_hour,
        tuple(tuple(int(count) for count in row) for row in held_out.confusion()),
        taught.advice,
        saved,
        None if check is None else _comparison(check, len(held_out.truth)),
        _mistakes(taught, examples),
    )


def _comparison(check: Check, takes: int) -> Comparison:
    heard = check.shipped_heard, check.personal_heard
    false = check.shipped_false, check.personal_false
    if false[1] > max(false[0], check.resolution):
        reason = "it moves falsely more often than what ships"
    elif heard[1] < heard[0]:
        reason = "it hears fewer of your takes than what ships"
    elif heard[1] > heard[0]:
        reason = "it hears more of your takes"
    else:
        reason = "it hears as many of your takes, with higher scores" if check.surer > 0 else "it hears no more of your takes"
    return Comparison(takes, heard, false, check.surer, reason)


def _mistakes(taught: Taught, examples: ExampleSet) -> tuple[Mistake, ...]:
    """Held-out takes stand in the order of the words and of their takes; those that were left out as doubles are skipped."""
    words = taught.held_out.words
    rows = [(word, take) for word in words if word in examples.words for take in examples.distinct(word)]
    if len(rows) != len(taught.held_out.truth):
        return ()
    likeliest = [words[int(column)] for column in taught.held_out.takes.argmax(1)]
    return tuple(
        Mistake(word, examples.takes[word].index(take), other)
        for (word, take), other in zip(rows, likeliest, strict=True)
        if other != word
    )
