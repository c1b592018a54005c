"""Statistics of results: streaks, calendar, accuracy by word. All days are UTC dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from voicetrail.game.rules import WordCount
from voicetrail.scores.rows import ScoreRow


@dataclass(frozen=True, slots=True)
class Streak:
    """Streaks: consecutive days on which the daily maze was finished."""

    now: int
    """Length of the current streak in days, up to today, or up to yesterday if today's maze is not played yet."""
    longest: int
    today: bool
    """Whether today's maze is finished."""


def streak(days: Iterable[date], today: date) -> Streak:
    """Return the streaks in a set of days.

    Args:
        days: days with a finished maze, in any order.
        today: the UTC date.
    """
    done = set(days)
    longest = run = 0
    for day in sorted(done):
        run = run + 1 if day - timedelta(days=1) in done else 1
        longest = max(longest, run)
    now, day = 0, today if today in done else today - timedelta(days=1)
    while day in done:
        now, day = now + 1, day - timedelta(days=1)
    return Streak(now, longest, today in done)


def daily_days(rows: Iterable[ScoreRow], counted: Iterable[str | None]) -> set[date]:
    """Return the days whose maze was finished in the counted try.

    Args:
        rows: results.
        counted: the ``uid`` of the results of counted tries.
    """
    uids = {uid for uid in counted if uid is not None}
    # The day of the maze, and not of the end of the round.
    return {date.fromisoformat(row.day) for row in rows if row.day is not None and row.finished and row.uid in uids}


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the calendar, which begins on Monday."""

    monday: date
    rounds: tuple[int, ...]
    """Number of rounds on each of the seven days; -1 for a future day."""


def calendar(rows: Iterable[ScoreRow], today: date, weeks: int = 8) -> list[Week]:
    """Return the rounds of the last weeks, the oldest first. A round counts for the day on which it began."""
    counts = Counter(row.date for row in rows)
    monday = today - timedelta(days=today.weekday())
    return [
        Week(first, tuple(counts[day] if (day := first + timedelta(days=n)) <= today else -1 for n in range(7)))
        for first in (monday - timedelta(weeks=back) for back in range(weeks - 1, -1, -1))
    ]


@dataclass(frozen=True, slots=True)
class WordAccuracy:
    """The accuracy of a word."""

    word: str
    count: WordCount
    by_week: tuple[float | None, ...]
    """Accuracy in each of the last weeks, the oldest first; ``None`` if the word was not said."""

    @property
    def accuracy(self) -> float:
        """Fraction of its detections that were right, 0 to 1."""
        return 1 - self.count.wrong / self.count.heard if self.count.heard else 0.0


def weekly_accuracy(rows: Iterable[ScoreRow], today: date, weeks: int = 8) -> list[WordAccuracy]:
    """Return the accuracy of each word over the last weeks, the worst first."""
    first = today - timedelta(days=today.weekday(), weeks=weeks - 1)
    heard: dict[str, list[int]] = defaultdict(lambda: [0] * weeks)
    wrong: dict[str, list[int]] = defaultdict(lambda: [0] * weeks)
    for row in rows:
        week = (row.date - first).days // 7
        if not 0 <= week < weeks:
            continue
        for word, count in row.by_word.items():
            heard[word][week] += count.heard
            wrong[word][week] += count.wrong
    found = [
        WordAccuracy(
            word,
            WordCount(sum(of_week), sum(wrong[word])),
            tuple(1 - bad / n if n else None for n, bad in zip(of_week, wrong[word], strict=True)),
        )
        for word, of_week in heard.items()
        if sum(of_week)
    ]
    return sorted(found, key=lambda one: (one.accuracy, one.word))
