"""The settings files: where they are, how they are read, and how they are written atomically.

There are two kinds: the settings file, which a person edits and only ``voicetrail settings set`` changes (preserving comments),
and the state file, which stores changes made with keys. A write takes a lock, reads the file again, changes only its own entries
and replaces it (``voicetrail.atomic``). If two games run at once, the last change of a setting wins, for that setting only.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicetrail.atomic import file_lock, read_file, replace_file
from voicetrail.errors import SettingsError
from voicetrail.settings.schema import OLD_NAMES, SETTINGS, Value, split_name
from voicetrail.text import printable

LARGEST = 200_000
"""Most bytes of a settings file; a larger file is refused."""
DEEPEST = 8
"""Most levels of nested tables and arrays; a settings file needs two."""
MARK = "\ufeff"
"""The byte order mark that some editors put before a text."""
SETTINGS_HEADING = "# Settings of voicetrail; `voicetrail settings` lists them all with their ranges.\n"
STATE_HEADING = "# Settings that were changed with keys. Edit settings.toml instead; this file is rewritten as you play.\n"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}")
"""The name of a profile or preset. It becomes a file name, so it may not contain a dot or a slash."""

Entries = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SettingsFiles:
    """The files of one player."""

    settings: Path
    """The settings file, which a person edits."""
    profile: Path | None
    """The settings file of a profile, which overrides the other; ``None`` without a profile."""
    state: Path
    """The state file of this profile."""
    presets: Path
    """The folder of saved presets."""

    @property
    def state_folder(self) -> Path:
        """The folder of all state files."""
        return self.state.parent if self.profile is None else self.state.parent.parent

    @property
    def written(self) -> Path:
        """The file that ``voicetrail settings set`` changes."""
        return self.profile or self.settings


def settings_paths(profile: str | None, env: Mapping[str, str]) -> SettingsFiles:
    """The paths of a profile's files on this system.

    ``VOICETRAIL_CONFIG_DIR`` and ``VOICETRAIL_STATE_DIR`` replace the platform's folders.

    Raises:
        SettingsError: the profile's name cannot be a file name.
    """
    import platformdirs

    config = Path(env.get("VOICETRAIL_CONFIG_DIR") or platformdirs.user_config_path("voicetrail", appauthor=False))
    state = Path(env.get("VOICETRAIL_STATE_DIR") or platformdirs.user_state_path("voicetrail", appauthor=False))
    if profile:
        check_name(profile, "profile")
        own, state_file = config / "profiles" / f"{profile}.toml", state / "profiles" / f"{profile}.toml"
    else:
        own, state_file = None, state / "state.toml"
    return SettingsFiles(config / "settings.toml", own, state_file, config / "presets")


def check_name(name: str, what: str) -> str:
    """Check the name of a profile or preset, and return it.

    Raises:
        SettingsError: it cannot be a file name.
    """
    if not NAME.fullmatch(name) or name != name.strip():
        raise SettingsError(
            f"{printable(name, 60)!r} cannot name a {what}: "
            "use letters, digits, spaces, - and _, at most 40, the first a letter or digit"
        )
    return name


class BrokenFile(Exception):
    """A file is not TOML. ``str()`` is the reason, with the line if it is known."""


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The contents of a TOML file; empty if it does not exist."""

    entries: Entries
    text: str
    """Without the byte order mark."""
    mark: str = ""
    """The byte order mark, if the file has one."""

    @property
    def line_end(self) -> str:
        """Its line ending."""
        return "\r\n" if 2 * self.text.count("\r\n") > self.text.count("\n") else "\n"


def read(path: Path) -> TomlFile:
    """Read a TOML file.

    Raises:
        BrokenFile: it is not TOML.
        OSError: it cannot be read, or it is not a regular file.
    """
    try:
        data = read_file(path, LARGEST)
    except FileNotFoundError:
        return TomlFile({}, "")
    if len(data) > LARGEST:
        raise BrokenFile(f"larger than {LARGEST // 1000} kB")
    try:
        text = data.decode("utf-8")
        mark = MARK if text.startswith(MARK) else ""
        text = text.removeprefix(MARK)
        entries = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenFile(f"line {line}: not UTF-8") from None
    except RecursionError:
        raise BrokenFile("nested too deep") from None
    except ValueError as error:
        raise BrokenFile(_reason(str(error))) from None
    _refuse_extremes(entries)
    return TomlFile(entries, text, mark)


def _refuse_extremes(entries: Entries) -> None:
    """Refuse numbers beyond 64 bits, which TOML forbids, and very deep nesting; ``tomllib`` accepts both.

    Other functions of Python would fail on them later.

    Raises:
        BrokenFile: there is such a value.
    """
    todo: list[tuple[object, int, str]] = [(value, 1, name) for name, value in entries.items()]
    while todo:
        value, depth, name = todo.pop()
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise BrokenFile(printable(f"{name} is a number beyond 64 bits"))
        if isinstance(value, dict | list):
            if depth >= DEEPEST:
                raise BrokenFile(printable(f"{name} is nested too deep"))
            todo += [(inner, depth + 1, name) for inner in (value.values() if isinstance(value, dict) else value)]


def _reason(message: str) -> str:
    """Put the line first in the message of ``tomllib``: ``line 3: Invalid value``."""
    found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|(end of document))\)", message, re.DOTALL)
    if found is None:
        return printable(message)
    where = f"line {found[2]}" if found[2] else "at its end"
    return printable(f"{where}: {found[1]}")


def read_leniently(path: Path, *, set_broken_aside: bool) -> tuple[TomlFile, str]:
    """Read a TOML file; one that cannot be read counts as empty.

    Args:
        path: the file.
        set_broken_aside: rename a broken file, so that it can be repaired and the next start finds none.

    Returns:
        The file, and a notice for the player (empty if there is none).
    """
    try:
        return read(path), ""
    except BrokenFile as broken:
        notice = f"{path}, {broken}; defaults are used"
        if not set_broken_aside:
            return TomlFile({}, ""), f"{notice} (fix the file, or delete it)"
        try:
            aside = set_aside(path)
        except OSError as error:
            return TomlFile({}, ""), f"{notice} (it could not be set aside: {error.strerror or error})"
        return TomlFile({}, ""), f"{notice}, the file was set aside as {aside.name}"
    except OSError as error:
        return TomlFile({}, ""), f"{path} cannot be read ({error.strerror or error}); defaults are used"


def set_aside(path: Path) -> Path:
    """Rename a broken file to ``<name>.broken-<n>`` and return the new path; no older one is overwritten.

    For a symbolic link, the file that it points to is renamed, and the link stays.
    """
    target = Path(os.path.realpath(path))
    number = 1
    while (aside := target.with_name(f"{target.name}.broken-{number}")).exists():
        number += 1
    target.rename(aside)
    return aside


def change_settings_file(path: Path, changes: Mapping[str, Value | None]) -> None:
    """Change entries of the settings file, preserving comments, order, blank lines and line endings.

    Args:
        path: the file; created with its folder if missing.
        changes: checked values by name, ``None`` to remove one; ``thresholds.left`` is the threshold of one word.

    Raises:
        SettingsError: the file is broken (it is not changed; the message has the line and the reason), or it cannot be written.
    """
    try:
        with file_lock(path):
            found = read(path)
            target = apply_changes(found.entries, changes)
            if target == found.entries:
                return
            written = _changed_text(found, changes)
            if written is None or tomllib.loads(written) != target:
                raise SettingsError(f"{path} has a form that this program cannot change safely; edit it by hand")
            replace_file(path, found.mark + written, mode=None)
    except BrokenFile as broken:
        raise SettingsError(f"{path}, {broken}; repair it by hand, or delete it to use defaults") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}") from None


def change_state(path: Path, changes: Mapping[str, Value | None]) -> None:
    """Write changes into a state file; ``None`` removes an entry, ``thresholds.left`` is the threshold of one word.

    Changes of other games are preserved. A broken state file is set aside.

    Raises:
        OSError: it cannot be written.
    """
    with file_lock(path):
        found, _ = read_leniently(path, set_broken_aside=True)
        replace_file(path, dump(apply_changes(found.entries, changes), STATE_HEADING))


def _changed_text(found: TomlFile, changes: Mapping[str, Value | None]) -> str | None:
    """The text of the file with the changes; ``None`` if tomlkit cannot parse it."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(found.text or SETTINGS_HEADING)
        for name, value in changes.items():
            _change(document, name, value)
        text = tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, RecursionError):
        return None
    # Lines added by tomlkit end in \n, whatever the others end in.
    return text.replace("\r\n", "\n").replace("\n", found.line_end)


def _change(document: Any, name: str, value: Value | None) -> None:
    """Change one entry of a tomlkit document (whose types are loose)."""
    import tomlkit

    base, word = split_name(name)
    if word is None:
        for entry in _entries_of(base):
            document.pop(entry, None)
        if value is None:
            document.pop(base, None)
        else:
            document[base] = tomlkit.item(dict(value)) if isinstance(value, Mapping) else value
        return
    if not isinstance(document.get(base), Mapping):
        if value is None:
            return
        document[base] = tomlkit.table()
    if value is None:
        document[base].pop(word, None)
        if not document[base]:
            del document[base]
    else:
        document[base][word] = value


def _entries_of(base: str) -> tuple[str, ...]:
    """The entries that a change of a setting removes: those under its old names."""
    return tuple(old for old, new in OLD_NAMES.items() if new == base and old not in SETTINGS)


def apply_changes(entries: Mapping[str, Any], changes: Mapping[str, Value | None]) -> Entries:
    """Return the entries with the changes applied; ``None`` removes an entry."""
    changed = {name: dict(value) if isinstance(value, Mapping) else value for name, value in entries.items()}
    for name, value in changes.items():
        base, word = split_name(name)
        if word is None:
            for entry in _entries_of(base):
                changed.pop(entry, None)
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


def dump(entries: Mapping[str, Any], heading: str = "") -> str:
    """Write entries as TOML: plain values first, then tables of plain values.

    Values that this program never writes (arrays, dates, nested tables) are omitted.
    """
    import tomlkit

    plain = {name: value for name, value in sorted(entries.items()) if _is_plain(value)}
    tables = {
        name: {word: number for word, number in sorted(value.items()) if _is_plain(number)}
        for name, value in sorted(entries.items())
        if isinstance(value, Mapping)
    }
    return heading + tomlkit.dumps({**plain, **tables})


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
