"""Export to JSON and CSV; import from JSON and from the database of another machine."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import fields
from datetime import date
from pathlib import Path

from voicetrail.atomic import read_file
from voicetrail.errors import reason_of
from voicetrail.scores.database import LaterVersionError, WrongFileError, copy_of
from voicetrail.scores.rows import ScoreRow, from_json, to_json
from voicetrail.scores.store import ScoresError, ScoreStore, read_rows, read_tries
from voicetrail.text import printable

FORMAT = "voicetrail-scores"
FORMAT_VERSION = 1
IMPORT_MAX = 100_000_000
"""Maximum size of a file to import, in bytes."""
_SQLITE = b"SQLite format 3\0"
CSV_COLUMNS = tuple(one.name for one in fields(ScoreRow) if one.name not in ("details", "by_word"))


def export_json(store: ScoreStore) -> dict[str, object]:
    """Return all data that ``import_file`` can import."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "results": [to_json(row) for row in store.rows()],
        "daily_tries": [list(one) for one in store.tries()],
    }


def export_csv(rows: Iterable[ScoreRow]) -> str:
    """Return the results as CSV, for a spreadsheet."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(CSV_COLUMNS)
    for row in rows:
        table.writerow([csv_cell(getattr(row, name)) for name in CSV_COLUMNS])
    return out.getvalue()


def import_file(store: ScoreStore, path: Path) -> tuple[int, int]:
    """Merge the results of another machine: a database, or the output of ``voicetrail scores --json``.

    Returns:
        The number of new results, and of results that already existed.

    Raises:
        ScoresError: the file cannot be read, or contains no results; nothing was changed.
    """
    name = printable(path)
    try:
        content = read_file(path, IMPORT_MAX)
    except (OSError, ValueError) as error:
        raise ScoresError(f"cannot read {name}: {reason_of(error)}") from error
    if len(content) > IMPORT_MAX:
        raise ScoresError(f"{name} is too large to hold scores")
    rows, tries = _from_database(path) if content.startswith(_SQLITE) else _from_json(content, name)
    new = store.add_all(rows)
    store.add_tries(tries)
    return new, len(rows) - new


def _from_database(path: Path) -> tuple[list[ScoreRow], list[tuple[str, str, str, str | None]]]:
    name = printable(path)
    try:
        with tempfile.TemporaryDirectory() as folder, closing(copy_of(path, Path(folder))) as connection:
            return list(read_rows(connection)), [one for one in read_tries(connection) if _is_try(one)]
    except LaterVersionError as error:
        raise ScoresError(
            f"{name} was written by a newer voicetrail; update this voicetrail, then import the file again"
        ) from error
    except WrongFileError as error:
        raise ScoresError(f"{name} contains no scores of voicetrail") from error
    except sqlite3.DatabaseError as error:
        raise ScoresError(f"{name} is damaged: {printable(error, 100)}") from error
    except OSError as error:
        raise ScoresError(f"cannot read {name}: {error.strerror or error}") from error


def _from_json(content: bytes, name: str) -> tuple[list[ScoreRow], list[tuple[str, str, str, str | None]]]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ScoresError(f"{name} is neither a scores database nor the output of `voicetrail scores --json`") from error
    if not isinstance(data, Mapping) or data.get("format") != FORMAT or not isinstance(data.get("results"), list):
        raise ScoresError(f"{name} contains no scores; create the file with `voicetrail scores --json` on the other machine")
    version = data.get("version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise ScoresError(f"{name} was written by a newer voicetrail; update this voicetrail, then import the file again")
    rows: list[ScoreRow] = []
    for number, entry in enumerate(data["results"], 1):
        try:
            rows.append(from_json(entry))
        except ValueError as error:
            raise ScoresError(f"{name}: result {number}: {error}") from error
    tries = data.get("daily_tries")
    found = [tuple(one) for one in tries if isinstance(one, list)] if isinstance(tries, list) else []
    return rows, [one for one in found if _is_try(one)]


def _is_try(one: tuple[object, ...]) -> bool:
    if len(one) != 4 or not all(isinstance(value, str) and len(value) <= 80 for value in one[:3]):
        return False
    try:
        date.fromisoformat(str(one[0]))
    except ValueError:
        return False
    return one[3] is None or (isinstance(one[3], str) and len(one[3]) == 32)


def csv_cell(value: object) -> object:
    """Return a value that is safe for a spreadsheet: a text that looks like a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
