from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.scores.makers import daily, row
from voicetrail.game.rules import WordCount
from voicetrail.scores.statistics import Streak, calendar, daily_days, streak, weekly_accuracy

TODAY = date(2026, 11, 25)
DAYS = st.sets(st.integers(0, 30).map(lambda back: TODAY - timedelta(days=back)))


def days(*back: int) -> set[date]:
    return {TODAY - timedelta(days=one) for one in back}


def test_a_streak_lasts_until_a_day_is_missed() -> None:
    assert streak(days(0, 1, 2, 5, 6, 7, 8), TODAY) == Streak(3, 4, True)
    assert streak(days(1, 2), TODAY) == Streak(2, 2, False), "today's maze waits"
    assert streak(days(2, 3), TODAY) == Streak(0, 2, False)
    assert streak(set(), TODAY) == Streak(0, 0, False)


@given(DAYS)
def test_a_streak_is_never_longer_than_the_longest_nor_than_the_days(done: set[date]) -> None:
    found = streak(done, TODAY)
    assert 0 <= found.now <= found.longest <= len(done)
    assert streak(done | {TODAY}, TODAY).now >= 1


def test_a_round_past_midnight_counts_for_the_day_of_its_start() -> None:
    late = daily(TODAY, began=datetime(2026, 11, 25, 23, 59, tzinfo=UTC))
    assert daily_days([late], [late.uid]) == {TODAY}
    zone = datetime.fromisoformat("2026-11-26T01:30:00+02:00")
    assert row(began=zone).date == TODAY, "by UTC"


def test_only_finished_first_tries_make_a_streak() -> None:
    won, lost, again = daily(TODAY), daily(TODAY - timedelta(days=1), won=False), daily(TODAY - timedelta(days=2))
    assert daily_days([won, lost, again], [won.uid, lost.uid, None]) == {TODAY}


def test_the_calendar_counts_the_rounds_of_each_day() -> None:
    rows = [row(began=datetime(2026, 11, 25, 8, tzinfo=UTC))] * 2 + [row(began=datetime(2026, 11, 16, 8, tzinfo=UTC))]
    weeks = calendar(rows, TODAY, 2)
    assert [week.monday for week in weeks] == [date(2026, 11, 16), date(2026, 11, 23)]
    assert weeks[0].rounds == (1, 0, 0, 0, 0, 0, 0)
    assert weeks[1].rounds == (0, 0, 2, -1, -1, -1, -1)


def test_hearing_accuracy_by_word_over_the_weeks_the_worst_first() -> None:
    early = row(began=datetime(2026, 11, 18, tzinfo=UTC), by_word={"up": WordCount(10, 5), "left": WordCount(4, 0)})
    late = row(began=datetime(2026, 11, 25, tzinfo=UTC), by_word={"up": WordCount(10, 1)})
    long_ago = row(began=datetime(2026, 1, 1, tzinfo=UTC), by_word={"up": WordCount(100, 100)})
    up, left = weekly_accuracy([early, late, long_ago], TODAY, 2)
    assert (up.word, up.accuracy, up.by_week) == ("up", 0.7, (0.5, 0.9))
    assert (left.word, left.accuracy, left.by_week) == ("left", 1.0, (1.0, None))
