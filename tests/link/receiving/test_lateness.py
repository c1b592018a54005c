from __future__ import annotations

import pytest

from voicetrail.link.delay import DelayEstimator
from voicetrail.link.receiving.lateness import BLOCK_WAIT_LIMIT_S, SETTLE_S, LatenessPolicy, Verdict


@pytest.fixture
def delay() -> DelayEstimator:
    return DelayEstimator()


def test_timely_sound_is_kept(delay: DelayEstimator) -> None:
    policy = LatenessPolicy(delay)
    assert policy.judge(BLOCK_WAIT_LIMIT_S, 1.0, stamped=True) is Verdict.KEEP
    assert not policy.became_late(1.0)


def test_backlog_is_dropped_until_drained(delay: DelayEstimator) -> None:
    policy = LatenessPolicy(delay)
    verdicts = [policy.judge(1.5 - 0.02 * n, 10.0 + 0.001 * n, stamped=True) for n in range(75)]
    late = [verdict for verdict in verdicts if verdict is Verdict.DROP]
    assert len(late) == 50
    assert verdicts[50:] == [Verdict.KEEP] * 25


def test_a_stamped_stream_that_stays_late_is_reported(delay: DelayEstimator) -> None:
    policy = LatenessPolicy(delay)
    assert policy.judge(2.0, 10.0, stamped=True) is Verdict.DROP
    assert policy.became_late(10.0)
    assert policy.judge(2.0, 10.0 + SETTLE_S, stamped=True) is Verdict.DROP_AND_REPORT
    assert not policy.became_late(10.0 + SETTLE_S)


def test_pause_without_timestamps_is_no_delay(delay: DelayEstimator) -> None:
    policy = LatenessPolicy(delay)
    delay.waited(0.0, 0.0)
    assert policy.judge(3.0, 10.0, stamped=False) is Verdict.DROP
    assert policy.judge(3.0, 10.0 + SETTLE_S, stamped=False) is Verdict.KEEP
    assert delay.waited(5.0, 20.0) == 0.0, "its clock is read again"


def test_catching_up_without_timestamps_is_a_backlog(delay: DelayEstimator) -> None:
    policy = LatenessPolicy(delay)
    policy.judge(3.0, 10.0, stamped=False)
    assert policy.judge(2.0, 10.0 + SETTLE_S, stamped=False) is Verdict.DROP_AND_REPORT


def test_new_stream_starts_with_fresh_state(delay: DelayEstimator) -> None:
    policy = LatenessPolicy(delay)
    policy.judge(3.0, 10.0, stamped=True)
    policy.restart()
    assert policy.judge(3.0, 12.0, stamped=True) is Verdict.DROP
