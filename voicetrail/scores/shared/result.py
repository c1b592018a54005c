"""A visitor's result: the record, its bounds, and the plausibility checks of a host."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Literal, Self

from voicetrail.game import make_rules
from voicetrail.game.modes import echo, maze, snake
from voicetrail.scores.rows import ScoreRow
from voicetrail.text import printable

NAME_MAX = 24
"""Maximum length of a visitor's name in a table, in characters."""
MARKS_MAX = 2
"""Maximum number of combining marks per letter of a name; more would cover the lines above and below."""
BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that are invisible."""
SHARED_NAMES = ("play", "guest", "nobody")
"""Names of visitors who did not choose one, as in ``ssh play@host``. Two visitors with such a name are different visitors."""
HOST_MAX = 60
COUNT_MAX = 1_000_000
"""Maximum number of words in a round."""
TIME_MAX_MS = 24 * 3_600_000
"""Maximum length of a round without pauses, in ms."""
OLDEST = timedelta(hours=25)
"""Maximum time between the start of a round and the arrival of its result."""
CLOCK_ERROR = timedelta(seconds=60)
"""Maximum difference by which a game's clock may be ahead of the host's."""

How = Literal["voice", "keys", "both", ""]
"""How a round was played; empty if nothing moved."""


def clean_name(text: object) -> str:
    """Clean a visitor's name for tables: one line, limited length, no control characters, no look-alike letters.

    A clean name is not changed.
    """
    shown, before = str(text)[: 10 * NAME_MAX], ""
    while shown != before:
        shown, before = _cleaned(shown), shown
    return shown or "nobody"


def _cleaned(text: str) -> str:
    cleaned = ""
    for is_mark, signs in groupby(unicodedata.normalize("NFKC", text), lambda sign: unicodedata.category(sign).startswith("M")):
        letters = [sign for sign in signs if sign not in BLANKS]
        cleaned += "".join(letters[:MARKS_MAX] if is_mark else letters)
    shown = " ".join(printable(cleaned, None).split())[:NAME_MAX]
    return shown.lstrip("".join(sign for sign in shown if unicodedata.category(sign).startswith("M"))).strip()


@dataclass(frozen=True, slots=True)
class VisitorName:
    """The identity of a visitor, determined by the host and not by the visitor's game.

    Attributes:
        name: name in tables.
        identity: distinguishes visitors with the same name.
        known: whether the visitor has a key that the host knows; a guest has only a name.
    """

    name: str
    identity: str
    known: bool = False

    @classmethod
    def guest(cls, name: object, origin: str = "") -> Self:
        """Identify a guest by name. The same name means the same guest, except for ``SHARED_NAMES``.

        Args:
            name: the name that the guest gave.
            origin: distinguishes guests with a shared name: their address with a secret. Only a digest of it is stored.
        """
        shown = clean_name(name)
        folded = shown.casefold()
        return cls(shown, f"guest:{_digest(f'{folded} {origin}' if folded in SHARED_NAMES else folded)}")

    @classmethod
    def by_key(cls, name: object, fingerprint: str) -> Self:
        """Identify a visitor by a key in the host's file.

        Args:
            name: the name of the key in the file.
            fingerprint: fingerprint of the key; only a digest of it is stored.
        """
        return cls(clean_name(name), f"key:{_digest(fingerprint)}", True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class SharedResult:
    """The result of a visitor's round.

    Raises:
        ValueError: a value is out of its bounds; the message says which.
    """

    uid: str
    """Unique identifier, so that a result that is sent twice counts once."""
    began: datetime
    """Start of the round, in whole seconds."""
    mode: str
    level: str
    seed: int | None
    day: date | None
    """The UTC date of a daily maze."""
    score: int
    finished: bool
    won: bool
    time_ms: int
    words: int
    presses: int
    """How many of ``words`` were key presses."""
    visitor: str
    """``VisitorName.identity`` of the visitor."""
    name: str
    known: bool
    host: str
    """Name of the host on which the round was played."""

    def __post_init__(self) -> None:
        # ScoreRow checks the bounds of the fields that both records share.
        ScoreRow(
            uid=self.uid,
            began=self.began.isoformat() if isinstance(self.began, datetime) else "",
            mode=self.mode,
            level=self.level,
            seed=self.seed,
            day=self.day.isoformat() if type(self.day) is date else self.day,  # type: ignore[arg-type]
            score=self.score,
            finished=self.finished,
            won=self.won,
            time_ms=self.time_ms,
            words=self.words,
            presses=self.presses,
        )
        _check(self.began.tzinfo is not None and self.began.microsecond == 0, "began")
        _check(self.time_ms <= TIME_MAX_MS, "time_ms")
        _check(self.presses <= self.words <= COUNT_MAX, "words")
        _check(self.level == printable(self.level), "level")
        _check(isinstance(self.known, bool), "known")
        _check(isinstance(self.name, str) and self.name == clean_name(self.name), "name")
        _check(isinstance(self.visitor, str) and 0 < len(self.visitor) <= 80 and self.visitor.isascii(), "visitor")
        _check(self.visitor.isprintable(), "visitor")
        _check(isinstance(self.host, str) and 0 < len(self.host) <= HOST_MAX and self.host == printable(self.host), "host")

    @property
    def how(self) -> How:
        """How the round was played."""
        if not self.words:
            return ""
        return "voice" if not self.presses else "keys" if self.presses == self.words else "both"


PLAYED = ("uid", "began", "mode", "level", "seed", "day", "score", "finished", "won", "time_ms", "words", "presses")
"""The fields that a visitor's game sends; the host adds who played, and where."""


def played_of(row: ScoreRow) -> dict[str, object]:
    """Return the fields of a result that a visitor's game sends."""
    return {name: getattr(row, name) for name in PLAYED}


def result_from(played: object, visitor: VisitorName, host: str) -> SharedResult:
    """Read the result that a visitor's game sent.

    Raises:
        ValueError: the data are not a result; the message says what is wrong.
    """
    if not isinstance(played, Mapping):
        raise ValueError("a result must be an object")
    values = {name: played.get(name) for name in PLAYED}
    try:
        values["began"] = _time(values["began"])
        values["day"] = None if values["day"] is None else _day(values["day"])
        return SharedResult(**values, visitor=visitor.identity, name=visitor.name, known=visitor.known, host=host)  # type: ignore[arg-type]
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError("a result has a missing value, or one of the wrong type") from error


def to_json(result: SharedResult) -> dict[str, object]:
    """Convert a result to JSON, for the waiting file and for exports."""
    values = asdict(result)
    values["began"] = result.began.astimezone(UTC).isoformat()
    values["day"] = None if result.day is None else result.day.isoformat()
    return values


def from_json(data: object) -> SharedResult:
    """Read the output of ``to_json``; unknown keys of later versions are ignored.

    Raises:
        ValueError: the data are not a result; the message says what is wrong.
    """
    if not isinstance(data, Mapping):
        raise ValueError("a result must be an object")
    name = VisitorName(data.get("name"), data.get("visitor"), data.get("known"))  # type: ignore[arg-type]
    return result_from({one.name: data.get(one.name) for one in fields(SharedResult)}, name, data.get("host"))  # type: ignore[arg-type]


def check_plausible(result: SharedResult, now: datetime) -> None:
    """Check that a result is possible: the clock, the day of a daily maze, and the number of points.

    Args:
        result: the result that a visitor's game sent.
        now: the time of its arrival.

    Raises:
        ValueError: the result is impossible; the message says why.
    """
    _check(now - OLDEST <= result.began <= now + CLOCK_ERROR, "began")
    _check(result.began + timedelta(milliseconds=result.time_ms) <= now + CLOCK_ERROR, "time_ms")
    _check(result.finished or not result.won, "won")
    if result.day is not None:
        _check(result.mode == "maze", "mode")
        # A round may begin some time after the maze was chosen, or be played again after midnight.
        _check(0 <= (result.began.astimezone(UTC).date() - result.day).days <= 1, "day")
        level, size, seed, par = _daily(result.day)
        _check(result.level == level and result.seed == seed, "level")
        _check(not result.finished or result.words >= par, "words")
    else:
        _check(not result.level.startswith("daily "), "level")
        size = result.level.partition(" ")[0]
    _check(result.score <= _most_points(result, size), "score")


def _most_points(result: SharedResult, size: str) -> int:
    match result.mode:
        case "maze":
            _check(size in maze.SIZES, "level")
            return 100 + maze.GEM_POINTS * maze.SIZES[size].gems if result.finished else 0
        case "trace":
            return 100
        case "snake":
            _check(size in snake.SIZES, "level")
            columns, rows = snake.SIZES[size]
            return columns * rows
        case "echo":
            return min(echo.LONGEST, result.words)
        case _:
            return COUNT_MAX


@lru_cache(maxsize=4)
def _daily(day: date) -> tuple[str, str, int, int]:
    """Return level, size, seed and par of the daily maze."""
    rules = make_rules(maze.daily_setup(day))
    return rules.level, rules.setup.level, rules.setup.seed, rules.result().par or 0


def _time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value)[:40]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("a result has a wrong began") from None


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value)[:40])
    except ValueError:
        raise ValueError("a result has a wrong day") from None


def _check(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"a result has a wrong {name}")
