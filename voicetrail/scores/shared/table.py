"""The table of a day: who found the way out of the daily maze on a host, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date

from voicetrail.scores.shared.result import How, SharedResult, clean_name

ROWS = 10
"""Rows that a visitor is shown, beside the own one."""
ROWS_MAX = 50
HOWS: tuple[How, ...] = ("voice", "keys", "both", "")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One visitor's first try at the maze of the day.

    Raises:
        ValueError: a value is out of its bounds.
    """

    place: int
    """From 1; equal points in equal time share a place."""
    name: str
    known: bool
    """The visitor has a key that the host knows; a guest has only a name."""
    score: int
    time_ms: int
    how: How
    host: str
    own: bool = False

    def __post_init__(self) -> None:
        for number in (self.place, self.score, self.time_ms):
            if type(number) is not int or not 0 <= number <= 2**53:
                raise ValueError("a table has a wrong number")
        if (
            self.how not in HOWS
            or type(self.known) is not bool
            or type(self.own) is not bool
            or self.name != clean_name(self.name)
        ):
            raise ValueError("a table has a wrong row")
        if self.host != clean_name(self.host):
            raise ValueError("a table has a wrong host")


@dataclass(frozen=True, slots=True)
class DayTable:
    """The best of a day, and where a visitor stands."""

    day: date
    rows: tuple[TableRow, ...] = ()
    """The best, and the visitor's own row where that is not among them."""
    finished: int = 0
    """How many visitors found the way out."""
    tried: int = 0
    """How many visitors tried."""
    stale: bool = False
    """The database cannot be reached: what other hosts kept meanwhile is missing."""

    @property
    def own(self) -> TableRow | None:
        """The visitor's own row."""
        return next((row for row in self.rows if row.own), None)


def first_tries(results: Iterable[SharedResult], day: date) -> list[SharedResult]:
    """Each visitor's first try at the maze of a day, the best first; those that were not finished come last.

    The order in which results come makes no difference, and neither does one that comes twice.
    """
    first: dict[str, SharedResult] = {}
    for result in results:
        if result.day != day:
            continue
        before = first.get(result.visitor)
        if before is None or (result.began, result.uid) < (before.began, before.uid):
            first[result.visitor] = result
    return sorted(first.values(), key=lambda one: (not one.finished, -one.score, one.time_ms, one.began, one.uid))


def day_table(
    results: Iterable[SharedResult], day: date, visitor: str = "", *, rows: int = ROWS, stale: bool = False
) -> DayTable:
    """The table of a day for one visitor.

    Args:
        results: what is known of that day.
        day: the day.
        visitor: the identity whose row is marked.
        rows: how many rows it has, beside the visitor's own.
        stale: see ``DayTable``.
    """
    tries = first_tries(results, day)
    finished = [one for one in tries if one.finished]
    table: list[TableRow] = []
    place = 0
    for number, one in enumerate(finished, 1):
        if number == 1 or (one.score, one.time_ms) != (finished[number - 2].score, finished[number - 2].time_ms):
            place = number
        own = one.visitor == visitor
        if number <= rows or own:
            table.append(TableRow(place, one.name, one.known, one.score, one.time_ms, one.how, clean_name(one.host), own))
    return DayTable(day, tuple(table), len(finished), len(tries), stale)


def table_to_json(table: DayTable) -> dict[str, object]:
    """A table as it goes to a visitor's game."""
    return {**asdict(table), "day": table.day.isoformat(), "rows": [asdict(row) for row in table.rows]}


def table_from_json(data: object) -> DayTable:
    """Read what ``table_to_json`` gave.

    Raises:
        ValueError: it is no table.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("rows"), list) or len(data["rows"]) > ROWS_MAX + 1:
        raise ValueError("a table must be an object with rows")
    numbers = (data.get("finished"), data.get("tried"))
    if any(type(number) is not int for number in numbers) or type(data.get("stale")) is not bool:
        raise ValueError("a table has a wrong number")
    names = [one.name for one in fields(TableRow)]
    try:
        rows = tuple(TableRow(**{name: row[name] for name in names}) for row in data["rows"])
        return DayTable(date.fromisoformat(data["day"]), rows, *numbers, data["stale"])  # type: ignore[arg-type]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("a table lacks a value") from error
