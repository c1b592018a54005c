"""The files that settings live in: where they are, how they are read, and how they are written without leaving half a file.

Two kinds: the settings file, which a person edits and the program changes only on ``voicetrail settings set`` (comments
stay), and the state file, which keeps what keys changed. A write takes a lock, reads the file again, changes only its own
entries and replaces it (``voicetrail.atomic``): of two games at once the last to change a setting has its way for that setting
alone.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicetrail.atomic import file_lock, read_file, replace_file
from voicetrail.errors import SettingsError
from voicetrail.settings.schema import Value
from voicetrail.text import printable

LARGEST = 1_000_000
"""Bytes of a settings file that are read at most; a larger one is no settings file."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}")
"""A profile's or preset's name: it becomes a file's name, so it may not hold a dot or a slash."""

Entries = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SettingsFiles:
    """The files of one player."""

    settings: Path
    """What a person edits."""
    profile: Path | None
    """The same for a profile, laid over it; ``None`` without one."""
    state: Path
    """What keys changed, of this profile."""
    presets: Path
    """The folder of saved presets."""

    @property
    def written(self) -> Path:
        """The file that ``voicetrail settings set`` changes."""
        return self.profile or self.settings


def places(profile: str | None, env: Mapping[str, str]) -> SettingsFiles:
    """Where the files of a profile belong on this system.

    ``VOICETRAIL_CONFIG_DIR`` and ``VOICETRAIL_STATE_DIR`` take the place of the platform's folders.

    Raises:
        SettingsError: the profile's name cannot be a file's name.
    """
    import platformdirs

    config = Path(env.get("VOICETRAIL_CONFIG_DIR") or platformdirs.user_config_path("voicetrail", appauthor=False))
    state = Path(env.get("VOICETRAIL_STATE_DIR") or platformdirs.user_state_path("voicetrail", appauthor=False))
    if profile:
        check_name(profile, "profile")
        own, kept = config / "profiles" / f"{profile}.toml", state / "profiles" / f"{profile}.toml"
    else:
        own, kept = None, state / "state.toml"
    return SettingsFiles(config / "settings.toml", own, kept, config / "presets")


def check_name(name: str, what: str) -> str:
    """Return a profile's or preset's name.

    Raises:
        SettingsError: it could not be a file's name.
    """
    if not NAME.fullmatch(name) or name != name.strip():
        raise SettingsError(
            f"{printable(name, 60)!r} cannot name a {what}: "
            "use letters, digits, spaces, - and _, at most 40, the first a letter or digit"
        )
    return name


class BrokenFile(Exception):
    """A file that is no TOML. ``str()`` is the reason, with the line where one is known."""


def read(path: Path) -> tuple[Entries, str]:
    """Read a TOML file.

    Returns:
        Its entries and its text; both empty when there is no such file.

    Raises:
        BrokenFile: it is no TOML.
        OSError: it cannot be read.
    """
    try:
        data = read_file(path, LARGEST)
    except FileNotFoundError:
        return {}, ""
    if len(data) > LARGEST:
        raise BrokenFile(f"larger than {LARGEST // 1_000_000} MB")
    try:
        text = data.decode("utf-8")
        return tomllib.loads(text), text
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenFile(f"line {line}: not UTF-8") from None
    except RecursionError:
        raise BrokenFile("nested too deep") from None
    except ValueError as error:
        raise BrokenFile(_reason(str(error))) from None


def _reason(message: str) -> str:
    """Put the line first in the message of ``tomllib``: ``line 3: Invalid value``."""
    found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|(end of document))\)", message, re.DOTALL)
    if found is None:
        return printable(message)
    where = f"line {found[2]}" if found[2] else "at its end"
    return printable(f"{where}: {found[1]}")


def read_or_set_aside(path: Path) -> tuple[Entries, str, str | None]:
    """Read a TOML file; a broken one is renamed, so that it is there to mend and the next start has a clean one.

    Returns:
        Entries, text, and a notice for the player (``None`` when all is well).
    """
    try:
        return *read(path), None
    except BrokenFile as broken:
        try:
            aside = set_aside(path)
        except OSError as error:
            return {}, "", f"{path}, {broken}; defaults are used (it could not be set aside: {error.strerror or error})"
        return {}, "", f"{path}, {broken}; defaults are used, the file was set aside as {aside.name}"
    except OSError as error:
        return {}, "", f"{path} cannot be read ({error.strerror or error}); defaults are used"


def set_aside(path: Path) -> Path:
    """Rename a broken file to ``<name>.broken-<n>`` and return the new path; no older one is overwritten."""
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def change_state(path: Path, changes: Mapping[str, Value | None]) -> None:
    """Write what keys changed into a state file; ``None`` removes an entry, ``thresholds.left`` is one word's.

    What other games wrote since is kept. A state file that is broken by other hands is set aside.

    Raises:
        OSError: it cannot be written.
    """
    with file_lock(path):
        entries, _, _ = read_or_set_aside(path)
        replace_file(path, dump(apply_changes(entries, changes)))


def apply_changes(entries: Mapping[str, Any], changes: Mapping[str, Value | None]) -> Entries:
    """Return entries with some of them set, or removed where the change is ``None``."""
    changed = {name: dict(value) if isinstance(value, Mapping) else value for name, value in entries.items()}
    for name, value in changes.items():
        base, _, word = name.partition(".")
        if not word:
            if value is None:
                changed.pop(base, None)
            else:
                changed[base] = dict(value) if isinstance(value, Mapping) else value
            continue
        table = changed.get(base)
        if not isinstance(table, dict):
            table = changed[base] = {}
        if value is None:
            table.pop(word, None)
        else:
            table[word] = value
        if not table:
            del changed[base]
    return changed


def dump(entries: Mapping[str, Any]) -> str:
    """Write entries as TOML: plain values first, then a table of numbers each.

    What cannot have come from this program (an array, a date, a table of anything else) is left out.
    """
    lines = ["# What keys changed in the game. Edit settings.toml instead; this file is rewritten as you play."]
    tables = []
    for name, value in sorted(entries.items()):
        if isinstance(value, Mapping):
            rows = [f"{_quoted(word)} = {_plain(number)}" for word, number in sorted(value.items()) if _is_plain(number)]
            tables += ["", f"[{_quoted(name)}]", *rows]
        elif _is_plain(value):
            lines.append(f"{_quoted(name)} = {_plain(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _plain(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value, always=True)
    return repr(value)


def _quoted(text: str, *, always: bool = False) -> str:
    """A TOML key or basic string. JSON's escapes are TOML's, but for DEL, which JSON leaves as it is."""
    if not always and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
