"""One result of a visitor: the record, its bounds, and what a host believes of a visitor's game."""

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
"""Longest name of a visitor in a table, in characters."""
MARKS_MAX = 2
"""Most combining marks on one letter of a name: more would run over the lines above and below."""
BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that show nothing."""
SHARED_NAMES = ("play", "guest", "nobody")
"""Names that visitors give who give none of their own: ``ssh play@host``. Whoever gives one is not the one who gave it before."""
HOST_MAX = 60
COUNT_MAX = 1_000_000
"""Most words of a round."""
TIME_MAX_MS = 24 * 3_600_000
"""Longest round, without its pauses."""
OLDEST = timedelta(hours=25)
"""How long ago a round may have begun when its result comes."""
CLOCK_ERROR = timedelta(seconds=60)
"""How far a game's clock may be ahead of the host's."""

How = Literal["voice", "keys", "both", ""]
"""How a round was played; empty where nothing moved."""


def clean_name(text: object) -> str:
    """A visitor's name as every table can show it: one line, bounded, no controls, and no letters that only look like others.

    A name that is clean stays as it is.
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
    """Who a visitor is, as the host found out; nothing in it comes from the visitor's game.

    Attributes:
        name: what tables show.
        identity: what is told apart by: two visitors of one name are two.
        known: the visitor showed a key that the host knows; a guest only gave a name.
    """

    name: str
    identity: str
    known: bool = False

    @classmethod
    def guest(cls, name: object, origin: str = "") -> Self:
        """Somebody who gave a name. Whoever gives the same name is the same guest, but for ``SHARED_NAMES``.

        Args:
            name: the name.
            origin: keeps those apart who give a shared name: where they come from, with a secret in it. Only a digest of it is kept.
        """
        shown = clean_name(name)
        folded = shown.casefold()
        return cls(shown, f"guest:{_digest(f'{folded} {origin}' if folded in SHARED_NAMES else folded)}")

    @classmethod
    def by_key(cls, name: object, fingerprint: str) -> Self:
        """Somebody whose key is in the host's file.

        Args:
            name: the name that the file gives the key.
            fingerprint: of the key; only a digest of it is kept.
        """
        return cls(clean_name(name), f"key:{_digest(fingerprint)}", True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class SharedResult:
    """A round that a visitor played.

    Raises:
        ValueError: a value is out of its bounds; the message says which.
    """

    uid: str
    """Names it: a result that is sent twice is counted once."""
    began: datetime
    """When the round began, with whole seconds."""
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
    """How many of the words were keys."""
    visitor: str
    """The identity of ``VisitorName``."""
    name: str
    known: bool
    host: str
    """Name of the host that it was played on."""

    def __post_init__(self) -> None:
        # The bounds that it has in common with a player's own results are theirs.
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
        """How it was played."""
        if not self.words:
            return ""
        return "voice" if not self.presses else "keys" if self.presses == self.words else "both"


PLAYED = ("uid", "began", "mode", "level", "seed", "day", "score", "finished", "won", "time_ms", "words", "presses")
"""What a visitor's game says of a round; who played it and where is the host's to say."""


def played_of(row: ScoreRow) -> dict[str, object]:
    """What a visitor's game sends of a result."""
    return {name: getattr(row, name) for name in PLAYED}


def result_from(played: object, visitor: VisitorName, host: str) -> SharedResult:
    """Read what a visitor's game sent.

    Raises:
        ValueError: it is no result; the message says what is wrong.
    """
    if not isinstance(played, Mapping):
        raise ValueError("a result must be an object")
    values = {name: played.get(name) for name in PLAYED}
    try:
        values["began"] = _time(values["began"])
        values["day"] = None if values["day"] is None else _day(values["day"])
        return SharedResult(**values, visitor=visitor.identity, name=visitor.name, known=visitor.known, host=host)  # type: ignore[arg-type]
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError("a result lacks a value or has one of a wrong kind") from error


def to_json(result: SharedResult) -> dict[str, object]:
    """The record for the waiting file and for an export."""
    values = asdict(result)
    values["began"] = result.began.astimezone(UTC).isoformat()
    values["day"] = None if result.day is None else result.day.isoformat()
    return values


def from_json(data: object) -> SharedResult:
    """Read what ``to_json`` gave; values that a later version may add are passed over.

    Raises:
        ValueError: it is none; the message says what is wrong.
    """
    if not isinstance(data, Mapping):
        raise ValueError("a result must be an object")
    name = VisitorName(data.get("name"), data.get("visitor"), data.get("known"))  # type: ignore[arg-type]
    return result_from({one.name: data.get(one.name) for one in fields(SharedResult)}, name, data.get("host"))  # type: ignore[arg-type]


def check_plausible(result: SharedResult, now: datetime) -> None:
    """Refuse what no round can have given: a wrong clock, a daily maze of another day, more points than there are.

    Args:
        result: what a visitor's game sent.
        now: the time at which it came.

    Raises:
        ValueError: it is not plausible; the message says why.
    """
    _check(now - OLDEST <= result.began <= now + CLOCK_ERROR, "began")
    _check(result.began + timedelta(milliseconds=result.time_ms) <= now + CLOCK_ERROR, "time_ms")
    _check(result.finished or not result.won, "won")
    if result.day is not None:
        _check(result.mode == "maze", "mode")
        # A round may begin some time after its maze was chosen, and be played again after midnight.
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
    """Level, size, seed and fewest words of the maze of a day."""
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
