"""The record of a round in the database, with its bounds, for results of this game and for imported ones."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime

from voicetrail.game.mode_list import MODES
from voicetrail.game.rules import RoundResult, WordCount
from voicetrail.text import is_unicode

WHOLE_MAX = 2**53
TEXT_MAX = 80
WORDS_MAX = 100
"""Maximum number of different words in a round, and of details."""
_MEDALS = ("", "bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The result of a round.

    Raises:
        ValueError: a value is out of bounds; the message says which one.
    """

    uid: str
    """Unique identifier on all machines, so that no import adds the result twice."""
    began: str
    """Start of the round: UTC, ISO 8601. The round counts for this date."""
    mode: str
    level: str = ""
    seed: int | None = None
    day: str | None = None
    """The UTC date of a daily maze."""
    score: int = 0
    finished: bool = False
    won: bool = False
    medal: str = ""
    time_ms: int = 0
    words: int = 0
    presses: int = 0
    wrong: int = 0
    par: int | None = None
    accuracy: float | None = None
    """Fraction of the words that were right, 0 to 1."""
    profile: str = ""
    """The profile of the settings in this round."""
    replay: str = ""
    """Name of the replay; empty without a recording."""
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    by_word: Mapping[str, WordCount] = field(default_factory=dict)
    """Detections and errors by word, only for the voice."""

    def __post_init__(self) -> None:
        _check(len(self.uid) == 32 and all(sign in "0123456789abcdef" for sign in self.uid), "uid")
        _check(self.mode in MODES, "mode")
        _check(self.medal in _MEDALS, "medal")
        for name in ("level", "profile", "replay"):
            _check(_is_text(getattr(self, name)), name)
        for name in ("score", "time_ms", "words", "presses", "wrong"):
            _check(_is_whole(getattr(self, name)), name)
        for name in ("seed", "par"):
            _check(getattr(self, name) is None or _is_whole(getattr(self, name)), name)
        for name in ("finished", "won"):
            _check(isinstance(getattr(self, name), bool), name)
        _check(self.accuracy is None or (isinstance(self.accuracy, int | float) and 0 <= self.accuracy <= 1), "accuracy")
        _check(self.day is None or _is_date(self.day), "day")
        _check(_is_time(self.began), "began")
        _check(isinstance(self.details, Mapping) and len(self.details) <= WORDS_MAX, "details")
        for name, value in self.details.items():
            plain = _is_text(value, 400) if isinstance(value, str) else isinstance(value, int | float)
            _check(_is_text(name) and plain, "details")
        _check(isinstance(self.by_word, Mapping) and len(self.by_word) <= WORDS_MAX, "by_word")
        for word, count in self.by_word.items():
            _check(_is_text(word) and _is_whole(count.heard) and _is_whole(count.wrong), "by_word")

    @property
    def date(self) -> date:
        """The UTC date of the start."""
        return datetime.fromisoformat(self.began).astimezone(UTC).date()

    @property
    def group(self) -> str:
        """The group within which scores are compared: the level; all daily mazes form one group."""
        return "daily" if self.day is not None else self.level


def row_of(result: RoundResult, began: datetime, *, day: date | None = None, profile: str = "", replay: str = "") -> ScoreRow:
    """Make the record of a round.

    Args:
        result: the result.
        began: start of the round, with a time zone; the round counts for this day, even if it lasts past midnight.
        day: the date of a daily maze.
        profile: the settings' profile.
        replay: name of the replay; may be empty.
    """
    return ScoreRow(
        uid=uuid.uuid4().hex,
        began=began.astimezone(UTC).isoformat(timespec="seconds"),
        mode=result.mode,
        level=result.level[:TEXT_MAX],
        seed=result.seed,
        day=None if day is None else day.isoformat(),
        score=max(0, result.score),
        finished=result.finished,
        won=result.won,
        medal=result.medal,
        time_ms=result.time_ms,
        words=result.words,
        presses=result.presses,
        wrong=result.wrong,
        par=result.par,
        accuracy=result.accuracy,
        profile=profile[:TEXT_MAX],
        replay=replay[:TEXT_MAX],
        details={name: value[:400] if isinstance(value, str) else value for name, value in result.details.items()},
        by_word=dict(result.by_word),
    )


def to_json(row: ScoreRow) -> dict[str, object]:
    """Convert a record to JSON, for an export."""
    values: dict[str, object] = {one.name: getattr(row, one.name) for one in fields(row)}
    values["details"] = dict(row.details)
    values["by_word"] = {word: [count.heard, count.wrong] for word, count in row.by_word.items()}
    return values


def from_json(data: object) -> ScoreRow:
    """Read an exported record; unknown keys of later versions are ignored.

    Raises:
        ValueError: the data are not a result; the message says what is wrong.
    """
    if not isinstance(data, Mapping):
        raise ValueError("a result must be an object")
    known = {one.name: data[one.name] for one in fields(ScoreRow) if one.name in data}
    counts = known.get("by_word", {})
    _check(
        isinstance(counts, Mapping) and all(isinstance(pair, list) and len(pair) == 2 for pair in counts.values()), "by_word"
    )
    try:
        known["by_word"] = {word: WordCount(heard, wrong) for word, (heard, wrong) in counts.items()}
        return ScoreRow(**known)
    except (TypeError, AttributeError) as error:
        raise ValueError("a result has a missing value, or one of the wrong type") from error


def _check(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"a result has a wrong {name}")


def _is_text(value: object, longest: int = TEXT_MAX) -> bool:
    return isinstance(value, str) and len(value) <= longest and is_unicode(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= WHOLE_MAX


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 40 and datetime.fromisoformat(value).astimezone(UTC).year > 1970
    except (ValueError, OverflowError):
        return False
