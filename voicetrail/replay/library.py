"""Where replays are kept, and what is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voicetrail.errors import ReplayError, VoicetrailError
from voicetrail.events import WordHeard
from voicetrail.game.inputs import SetMovement
from voicetrail.replay.file.entries import Past
from voicetrail.replay.file.format import SOUND_SUFFIX, SUFFIX
from voicetrail.replay.file.reader import Replay, read
from voicetrail.text import printable

NAME_FORMAT = "%Y-%m-%d-%H%M%S"
"""``<date>-<time>`` of a file's name."""


def folder() -> Path:
    """The platform's folder for replays; it need not exist yet."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "replays"


def new_path(now: datetime, where: Path | None = None) -> Path:
    """A path in the folder that no file has yet, named after the time."""
    where = folder() if where is None else where
    stem = now.strftime(NAME_FORMAT)
    for number in range(1, 1000):
        path = where / (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}")
        if not path.exists() and not path.with_suffix(SOUND_SUFFIX).exists():
            return path
    raise ReplayError(f"there are a thousand replays of this second in {printable(where)}")


def find(name: str) -> Path:
    """The replay that a name on the command line means: a path, a name in the folder, or ``last`` for the newest one.

    Raises:
        ReplayError: there is none.
    """
    path = Path(name)
    try:
        if path.exists():
            return path
        if name == "last":
            newest = next((one for one in kept() if one.playable), None)
            if newest is None:
                raise ReplayError(f"there is no replay in {printable(folder())} yet; r records while you play")
            return newest.path
        for candidate in (folder() / name, folder() / f"{name}{SUFFIX}"):
            if candidate.is_file():
                return candidate
    except (OSError, ValueError) as error:
        raise ReplayError(f"cannot read {printable(name)}: {getattr(error, 'strerror', None) or error}") from error
    raise ReplayError(f"there is no replay {printable(name)}; `voicetrail replays` lists what is there")


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """A kept session in a line."""

    path: Path
    title: str = ""
    date: str = ""
    """When it began, ISO 8601; empty where that is not known."""
    duration_ms: int = 0
    words: int = 0
    mode: str = ""
    size: int = 0
    """Bytes, with the sound."""
    sound: bool = False
    problem: str = ""
    """Why it cannot be played, or what is wrong with it."""
    playable: bool = True

    @property
    def when(self) -> str:
        """The date and the time of the day for a table."""
        try:
            return datetime.fromisoformat(self.date).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            return "?"

    @property
    def length(self) -> str:
        """How long it is: ``m:ss`` or ``h:mm:ss``."""
        return clock(self.duration_ms)


def clock(ms: int) -> str:
    """A time as ``m:ss`` or ``h:mm:ss``."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size_text(size: int) -> str:
    """A size in bytes for people."""
    return f"{size} B" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def summarize(recording: Replay) -> ReplaySummary:
    """A recording in a line."""
    items = [entry.item for entry in recording.entries]
    modes = [item.movement for item in _inputs(items) if isinstance(item, SetMovement)]
    names = list(dict.fromkeys([recording.header.mode, *modes]))
    sound = recording.sound
    return ReplaySummary(
        path=recording.path,
        title=recording.header.title,
        date=recording.header.date,
        duration_ms=recording.duration_ms,
        words=sum(isinstance(item, WordHeard) for item in items),
        mode="+".join(names),
        size=recording.path.stat().st_size + (sound.stat().st_size if sound else 0),
        sound=sound is not None,
        problem=recording.remark,
    )


def _inputs(items: Iterable[object]) -> Iterable[object]:
    for item in items:
        if isinstance(item, Past):
            yield from (one for _, one in item.inputs)
        else:
            yield item


def kept(where: Path | None = None) -> list[ReplaySummary]:
    """Every replay in the folder, newest first; one that cannot be read comes last, with the reason."""
    where = folder() if where is None else where
    if where.exists() and not where.is_dir():
        raise ReplayError(f"{printable(where)} is not a folder; name one that holds replays")
    try:
        paths = sorted(where.glob(f"*{SUFFIX}"))
    except OSError as error:
        raise ReplayError(f"cannot look into {printable(where)}: {error.strerror}") from error
    return sorted((_summary(path) for path in paths), key=lambda one: (one.playable, _age_key(one)), reverse=True)


def _age_key(summary: ReplaySummary) -> float:
    try:
        return datetime.fromisoformat(summary.date).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _summary(path: Path) -> ReplaySummary:
    try:
        return summarize(read(path))
    except VoicetrailError as error:
        try:
            size = path.stat().st_size
        except OSError:
            size = 0
        return ReplaySummary(path, problem=str(error), size=size, playable=False)


def rename(path: Path, name: str) -> Path:
    """Give a replay, and the sound beside it, another name in its folder; return the new path.

    Raises:
        ReplayError: the name is none for a file, or taken.
    """
    stem = name.strip().removesuffix(SUFFIX)
    if not stem or stem.startswith(".") or printable(stem) != stem or any(sign in stem for sign in '/\\:*?"<>|'):
        raise ReplayError("a name needs letters, digits, spaces or - _ . ( ) and may not begin with a dot")
    target = path.with_name(stem + SUFFIX)
    moves = [(path, target)]
    if path.with_suffix(SOUND_SUFFIX).exists():
        moves.append((path.with_suffix(SOUND_SUFFIX), target.with_suffix(SOUND_SUFFIX)))
    if target == path:
        return path
    for _, new in moves:
        if new.exists():
            raise ReplayError(f"{printable(new.name)} exists already; choose another name")
    try:
        for old, new in moves:
            old.rename(new)
    except OSError as error:
        raise ReplayError(f"cannot rename {printable(path.name)}: {error.strerror}") from error
    return target


def delete(path: Path) -> None:
    """Delete a replay and the sound beside it.

    Raises:
        ReplayError: it cannot be deleted, or is none.
    """
    if path.suffix != SUFFIX:
        raise ReplayError(f"{printable(path.name)} is no replay")
    try:
        path.unlink()
        path.with_suffix(SOUND_SUFFIX).unlink(missing_ok=True)
    except OSError as error:
        raise ReplayError(f"cannot delete {printable(path.name)}: {error.strerror}") from error
