"""What a host believes of a visitor's game, and what a name may be."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.game.rounds import LEAVING, SETUPS, TIMED, Timed, played
from tests.host_scores.makers import ANNA, BO, DAY, NOON, RESULTS, TRIES, daily_result
from voicetrail.game import RoundSetup
from voicetrail.scores.rows import row_of
from voicetrail.scores.shared.result import (
    NAME_MAX,
    SharedResult,
    VisitorName,
    check_plausible,
    clean_name,
    from_json,
    played_of,
    result_from,
    to_json,
)
from voicetrail.scores.shared.table import DayTable, day_table, table_from_json, table_to_json


@given(RESULTS)
def test_a_result_is_the_same_after_json(result: SharedResult) -> None:
    assert from_json(json.loads(json.dumps(to_json(result)))) == result


@settings(max_examples=60, deadline=None)
@given(SETUPS, TIMED, LEAVING)
def test_every_real_result_is_plausible(setup: RoundSetup, inputs: Timed, leaving: Timed) -> None:
    result = played(setup, [*inputs, *leaving]).result()
    began = datetime.fromisoformat(f"{setup.day}T09:00:00Z") if setup.day else NOON
    day = began.date() if setup.day else None
    if began.year < 1971:
        return
    row = row_of(result, began, day=day)
    shared = result_from(json.loads(json.dumps(played_of(row))), ANNA, "north")
    check_plausible(shared, began + timedelta(hours=1))
    assert shared.name == "Anna"
    assert (shared.words, shared.presses) == (result.words, result.presses)


@pytest.mark.parametrize(
    "values",
    [
        {"score": 161},
        {"words": 1},
        {"seed": 5},
        {"level": "daily 2026-11-24"},
        {"day": None},
        {"finished": False},
        {"mode": "snake"},
        {"began": NOON - timedelta(days=2)},
        {"began": NOON + timedelta(hours=3)},
        {"time_ms": 23 * 3_600_000},
        {"mode": "echo", "level": "", "day": None, "score": 31},
        {"mode": "trace", "level": "square", "day": None, "score": 101},
        {"mode": "snake", "level": "small", "day": None, "score": 5_000},
        {"mode": "snake", "level": "enormous", "day": None, "score": 1},
        {"mode": "maze", "level": "small", "day": None, "score": 121},
    ],
    ids=str,
)
def test_impossible_results_are_refused(values: dict[str, object]) -> None:
    check_plausible(daily_result(), NOON + timedelta(hours=1))
    with pytest.raises(ValueError, match="a result has a wrong"):
        check_plausible(daily_result(**values), NOON + timedelta(hours=1))  # type: ignore[arg-type]


NOTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50)
ANY = st.recursive(NOTHING, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3))


@settings(max_examples=300, deadline=None)
@given(field=st.sampled_from([*played_of(row_of(played(RoundSetup("echo"), []).result(), NOON))]), value=ANY)
def test_any_values_are_a_result_or_refused(field: str, value: object) -> None:
    message = json.loads(json.dumps({**played_of_daily(), field: value}))
    try:
        result = result_from(message, BO, "north")
        check_plausible(result, NOON + timedelta(hours=1))
    except ValueError as error:
        said = str(error)
    else:
        said = result.name
    assert said.isprintable()
    assert len(said) < 100


def played_of_daily() -> dict[str, object]:
    return {name: value for name, value in to_json(daily_result()).items() if name not in ("visitor", "name", "known", "host")}


def test_a_game_cannot_say_who_played_it() -> None:
    message = played_of_daily() | {"name": "Bo", "visitor": BO.identity, "known": True, "host": "south"}
    result = result_from(message, ANNA, "north")
    assert (result.name, result.visitor, result.known, result.host) == ("Anna", ANNA.identity, False, "north")


@given(st.text(max_size=300))
@example("a\u0301\u0301\u0301\u0301\u0301")
@example(" \u0301x")
@example("x" * 300)
@example("\u3164\u2800\u115f")
@example("\u202e\u2066\x1b[31m\r\n\0")
@example("…" * 20)
@example("ﷺ" * 20)
def test_a_name_is_one_short_line_of_visible_letters(text: str) -> None:
    name = clean_name(text)
    assert name.isprintable()
    assert 0 < len(name) <= NAME_MAX
    assert name == clean_name(name)
    assert name == name.strip()
    marks = "".join("m" if unicodedata.category(sign).startswith("M") else "." for sign in name)
    assert "mmm" not in marks
    assert not marks.startswith("m")


def test_visitors_are_identified() -> None:
    assert VisitorName.guest("Anna") == VisitorName.guest("Ａnna "), "letters that only look like others are none"
    assert VisitorName.guest("Anna").identity == VisitorName.guest("anna").identity
    assert VisitorName.guest("Anna").identity != VisitorName.by_key("Anna", "SHA256:a").identity
    assert VisitorName.by_key("Anna", "SHA256:a").identity != VisitorName.by_key("Anna", "SHA256:b").identity
    assert "SHA256:a" not in VisitorName.by_key("Anna", "SHA256:a").identity, "only a digest is kept"


@given(TRIES, st.randoms(use_true_random=False))
def test_a_table_is_the_same_after_json_and_in_any_order(tries: list[SharedResult], order: object) -> None:
    table = day_table(tries, DAY, ANNA.identity, rows=3)
    assert table_from_json(json.loads(json.dumps(table_to_json(table)))) == table
    assert day_table([*reversed(tries), *tries], DAY, ANNA.identity, rows=3) == table
    assert len([row for row in table.rows if not row.own]) <= 3


def test_equal_results_share_a_place_and_the_own_row_is_always_included() -> None:
    others = [daily_result(VisitorName.guest(f"guest {number}"), 90) for number in range(4)]
    table = day_table([*others, daily_result(score=10)], DAY, ANNA.identity, rows=2)
    assert [(row.place, row.own) for row in table.rows] == [(1, False), (1, False), (5, True)]
    assert table.own is table.rows[-1]
    assert table.finished == 5
    assert day_table([], DAY) == DayTable(DAY)


@settings(max_examples=200)
@given(ANY)
def test_invalid_tables_are_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"table|isoformat"):
        table_from_json(data)


def test_the_day_is_that_of_utc() -> None:
    late = daily_result(began=datetime(2026, 11, 26, 0, 5, tzinfo=UTC))
    check_plausible(late, datetime(2026, 11, 26, 1, tzinfo=UTC))
