"""`voicetrail host` with forty scripted visitors at once, each a real ssh with a voice of its own.

This holds what is true on any machine. How soon words move, and what a visitor costs, depends on the machine:
``python -m bench.host 40`` measures that, and compares it with its limits.
"""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from bench.host import MEMORY_LIMIT_MB, measure
from tests.e2e.lab import Speech, needs

VISITORS, SECONDS = 40, 7.0
SHARE = 0.95
"""Of the words that one listener hears, that have to move the pen on the visitors' terminals."""
QUEUE_S = 2.0
"""From the end of a word to its move, for 95 % of them: exceeded only where words wait in a queue that grows."""


@pytest.mark.timeout(150)
def test_forty_visitors_play_at_once_and_each_is_heard(speech: Speech) -> None:
    """Everybody comes in and leaves in order; where nothing else takes the processors, nobody starves, and words do not queue."""
    needs("ssh")
    begun = time.monotonic()
    row = asyncio.run(measure(VISITORS, SECONDS, within_s=QUEUE_S + 0.5))
    print(row, f"in {time.monotonic() - begun:.0f} s")
    assert row.memory_mb <= MEMORY_LIMIT_MB
    if row.busy_elsewhere > 0.25 or (os.cpu_count() or 1) < 2:
        pytest.skip(f"other programs took {row.busy_elsewhere:.0%} of a core, or there is only one: {row}")
    assert row.moves >= SHARE * row.by_one
    assert row.starved == 0
    assert row.delay_s[1] <= QUEUE_S
