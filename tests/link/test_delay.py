from __future__ import annotations

import pytest

from voicetrail.link.delay import BUCKET_S, BUCKETS, DelayEstimator, TokenBucket


def test_delay_above_the_best_one_needs_no_common_clock() -> None:
    clock = DelayEstimator()
    offset = 12345.6
    assert clock.waited(0.0, offset + 0.30) == 0.0
    assert clock.waited(1.0, offset + 1.45) == pytest.approx(0.15)
    assert clock.waited(2.0, offset + 2.20) == 0.0, "the best so far"
    assert clock.waited(3.0, offset + 3.45) == pytest.approx(0.25)


def test_one_way_delay_is_half_of_the_shortest_round_trip() -> None:
    clock = DelayEstimator()
    assert clock.transit == 0.0
    for taken in (0.4, 0.1, 0.9):
        clock.round_trip(taken)
    assert clock.transit == 0.05


def test_clock_drift_is_tracked() -> None:
    clock = DelayEstimator()
    drift = 1.0002  # 200 parts in a million, a bad sound card: 0.7 s in an hour
    worst = max(clock.waited(second, second * drift) for second in range(3600))
    assert worst < 0.2e-3 * BUCKET_S * BUCKETS + 0.001


def test_a_restart_forgets_the_senders_clock() -> None:
    clock = DelayEstimator()
    clock.waited(1000.0, 5.0)
    clock.restart()
    assert clock.waited(0.0, 6.0) == 0.0


def test_token_bucket_limits_burst_and_rate() -> None:
    bucket = TokenBucket(rate=10, in_hand=20)
    assert bucket.spend(20, now=0.0) == 0.0
    assert bucket.spend(5, now=0.0) == 0.5
    assert bucket.spend(5, now=1.0) == 0.0
    assert bucket.spend(21, now=100.0) == pytest.approx(0.1), "no more in hand than its limit"


def test_best_delay_of_the_last_five_minutes_counts() -> None:
    """Each bucket of sixty seconds keeps its own best; the sixth one pushes the first out."""
    estimate = DelayEstimator()
    assert estimate.waited(0.0, 1.0) == 0.0  # the fastest of all
    for second in range(1, int(BUCKET_S) * BUCKETS):
        assert estimate.waited(second, second + 1.5) == pytest.approx(0.5), second
    first_without = int(BUCKET_S) * BUCKETS
    assert estimate.waited(first_without, first_without + 1.5) == 0.0, "what was fastest is forgotten with its bucket"
    assert estimate.waited(first_without + 1, first_without + 2.7) == pytest.approx(0.2)


def test_a_faster_block_in_the_middle_of_a_bucket_counts_at_once() -> None:
    estimate = DelayEstimator()
    for second in range(30):
        estimate.waited(second, second + 1.5)
    estimate.waited(30, 31.0)
    assert estimate.waited(31, 32.5) == pytest.approx(0.5)


def test_token_bucket_never_goes_negative() -> None:
    bucket = TokenBucket(rate=10, in_hand=2)
    assert [bucket.take(1, 0.0) for _ in range(4)] == [True, True, False, False]
    assert bucket.take(1, 0.1), "what was refused is not owed"
    assert not bucket.take(1, 0.1)
