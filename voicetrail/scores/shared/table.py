"""The table of a day: the visitors of a host who finished the daily maze, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date

from voicetrail.scores.shared.result import How, SharedResult, clean_name

ROWS = 10
"""Number of rows that a visitor sees, without the visitor's own row."""
ROWS_MAX = 50
HOWS: tuple[How, ...] = ("voice", "keys", "both", "")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A visitor's first try at the daily maze.

    Raises:
        ValueError: a value is out of bounds.
    """

    place: int
    """Place, from 1; equal points in equal time share a place."""
    name: str
    known: bool
    """Whether the visitor has a key that the host knows; a guest has only a name."""
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
    """The best results of a day, and the place of a visitor."""

    day: date
    rows: tuple[TableRow, ...] = ()
    """The best rows; the visitor's own row is added if it is not among them."""
    finished: int = 0
    """Number of visitors who found the exit."""
    tried: int = 0
    """Number of visitors who played."""
    stale: bool = False
    """Whether the database is unreachable, so that results from other hosts are missing."""

    @property
    def own(self) -> TableRow | None:
        """The visitor's own row; ``None`` without one."""
        return next((row for row in self.rows if row.own), None)


def first_tries(results: Iterable[SharedResult], day: date) -> list[SharedResult]:
    """Return each visitor's first try at a daily maze, the best first; unfinished tries come last.

    The order of the results and duplicates make no difference.
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
    """Make the table of a day for one visitor.

    Args:
        results: the known results of that day.
        day: the day.
        visitor: identity of the visitor whose row is marked.
        rows: number of rows without the visitor's own one.
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
    """Convert a table to JSON, for a visitor's game."""
    return {**asdict(table), "day": table.day.isoformat(), "rows": [asdict(row) for row in table.rows]}


def table_from_json(data: object) -> DayTable:
    """Read the output of ``table_to_json``.

    Raises:
        ValueError: the data are not a table.
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
