"""What results amount to: streaks, a calendar, and how well each word was heard. All days are UTC dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from voicetrail.game.rules import WordCount
from voicetrail.scores.rows import ScoreRow


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row on which the daily maze was finished."""

    now: int
    """Up to today, or up to yesterday while today's maze waits."""
    longest: int
    today: bool
    """Today's maze is done."""


def streak(days: Iterable[date], today: date) -> Streak:
    """The streak of some days.

    Args:
        days: those that count, in any order.
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
    """The days whose maze was finished in the try that counts.

    Args:
        rows: results.
        counted: the ``uid`` of the results of such tries.
    """
    uids = {uid for uid in counted if uid is not None}
    # The day of the maze, which is that of the start: a clock that jumps over midnight changes nothing.
    return {date.fromisoformat(row.day) for row in rows if row.day is not None and row.finished and row.uid in uids}


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the calendar, Monday first."""

    monday: date
    rounds: tuple[int, ...]
    """Rounds of each of its seven days; -1 for a day to come."""


def calendar(rows: Iterable[ScoreRow], today: date, weeks: int = 8) -> list[Week]:
    """The rounds of the last weeks, the oldest first; a round counts for the day on which it began."""
    counts = Counter(row.date for row in rows)
    monday = today - timedelta(days=today.weekday())
    return [
        Week(first, tuple(counts[day] if (day := first + timedelta(days=n)) <= today else -1 for n in range(7)))
        for first in (monday - timedelta(weeks=back) for back in range(weeks - 1, -1, -1))
    ]


@dataclass(frozen=True, slots=True)
class WordAccuracy:
    """How well a word was heard."""

    word: str
    count: WordCount
    by_week: tuple[float | None, ...]
    """Part of its words that were right in each of the last weeks, the oldest first; ``None`` where it was not said."""

    @property
    def accuracy(self) -> float:
        """Part of its words that were right."""
        return 1 - self.count.wrong / self.count.heard if self.count.heard else 0.0


def weekly_accuracy(rows: Iterable[ScoreRow], today: date, weeks: int = 8) -> list[WordAccuracy]:
    """How well each word was heard over the last weeks, the worst first."""
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
