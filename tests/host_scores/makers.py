"""Results of visitors for the tests."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from functools import cache

from hypothesis import strategies as st

from voicetrail.game import Rules, make_rules
from voicetrail.game.mode_list import MODES
from voicetrail.game.modes.maze import daily_setup
from voicetrail.scores.shared.result import SharedResult, VisitorName, clean_name

DAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ANNA = VisitorName.guest("Anna")
BO = VisitorName.by_key("Bo", "SHA256:bo")


@cache
def _daily() -> Rules:
    """The maze of the day, of which only level and seed are read."""
    return make_rules(daily_setup(DAY))


def daily_result(visitor: VisitorName = ANNA, score: int = 80, *, after_s: int = 0, **values: object) -> SharedResult:
    """A try at the maze of the day."""
    rules = _daily()
    known: dict[str, object] = {
        "uid": uuid.uuid4().hex,
        "began": NOON + timedelta(seconds=after_s),
        "mode": "maze",
        "level": rules.level,
        "seed": rules.setup.seed,
        "day": DAY,
        "score": score,
        "finished": True,
        "won": True,
        "time_ms": 40_000,
        "words": 30,
        "presses": 0,
        "visitor": visitor.identity,
        "name": visitor.name,
        "known": visitor.known,
        "host": "north",
    }
    return SharedResult(**(known | values))  # type: ignore[arg-type]


WHOLE = st.integers(0, 2**53)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
SAFE_TEXTS = TEXTS.map(lambda text: "".join(sign for sign in text if sign.isprintable()))
RESULTS = st.builds(
    lambda words, presses, **values: SharedResult(words=words, presses=min(words, presses), **values),
    uid=st.uuids().map(lambda one: one.hex),
    began=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(
        lambda one: one.replace(microsecond=0)
    ),
    mode=st.sampled_from([*MODES]),
    level=SAFE_TEXTS,
    seed=st.none() | WHOLE,
    day=st.none() | st.dates(date(2000, 1, 1), date(2099, 1, 1)),
    score=WHOLE,
    finished=st.booleans(),
    won=st.booleans(),
    time_ms=st.integers(0, 24 * 3_600_000),
    words=st.integers(0, 1_000_000),
    presses=st.integers(0, 1_000_000),
    visitor=st.sampled_from([ANNA.identity, BO.identity, "guest:0"]),
    name=TEXTS.map(clean_name),
    known=st.booleans(),
    host=SAFE_TEXTS.map(lambda text: text[:60]).filter(bool),
)
TRIES = st.lists(
    st.builds(
        daily_result,
        st.sampled_from([ANNA, BO, *(VisitorName.guest(f"guest {number}") for number in range(4))]),
        st.integers(0, 3),
        after_s=st.integers(0, 3),
        finished=st.booleans(),
        won=st.just(False),
        time_ms=st.integers(0, 3),
    ),
    max_size=20,
)
