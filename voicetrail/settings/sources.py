"""Reads the settings of a run from every place: files, environment, flags."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from voicetrail.atomic import close_to_others
from voicetrail.errors import SettingsError
from voicetrail.settings import files
from voicetrail.settings.presets import Presets
from voicetrail.settings.schema import OLD_NAMES, SETTINGS, Value, take
from voicetrail.settings.settings import Settings
from voicetrail.settings.state import StateWriter
from voicetrail.settings.values import Layer, Origin

KEYS = "keys"
"""The table of the settings file that changes keys; ``voicetrail.keys`` defines its contents."""
ENVIRONMENT = "VOICETRAIL_"


def load_settings(
    flags: Mapping[str, object] | None = None,
    profile: str | None = None,
    env: Mapping[str, str] | None = None,
    *,
    background: bool = False,
) -> Settings:
    """Read the settings from every place.

    A settings or state file that is not TOML counts as empty, with a notice; so does an invalid value in one. Invalid values
    from a flag or the environment raise an error instead.

    Args:
        flags: values of flags by the name of the setting, as text or typed; ``None`` means not given.
        profile: the player's profile; ``None`` for that in ``VOICETRAIL_PROFILE``.
        env: the environment; ``None`` for the process's own. An empty variable counts as not set.
        background: for the game: set broken files aside, and write changes in a separate thread.

    Raises:
        SettingsError: a flag, an environment variable or the profile's name is invalid.
    """
    env = os.environ if env is None else env
    paths = files.settings_paths(profile or env.get(f"{ENVIRONMENT}PROFILE") or None, env)
    notices = _close_folders(paths, env)
    layers: list[Layer] = []
    keys: dict[str, object] = {}
    written: list[tuple[Path | None, Origin]] = [(paths.settings, "file"), (paths.profile, "profile"), (paths.state, "key")]
    for path, origin in written:
        if path is None:
            continue
        found, notice = files.read_leniently(path, set_broken_aside=background)
        notices += [notice] if notice else []
        entries = dict(found.entries)
        keys.update(_take_keys(entries.pop(KEYS, {}), path, found.text, notices))
        layers.append(Layer(origin, _usable(entries, path, found.text, notices)))
    layers.append(Layer("environment", _environment(env, notices)))
    layers.append(Layer("flag", _flags(flags or {}, notices)))
    presets = Presets(paths.presets)
    for layer in layers[-2:]:
        if "preset" in layer.entries:
            presets.get(str(layer.entries["preset"]))
    return Settings(layers, paths, presets, StateWriter(paths.state, background=background), MappingProxyType(keys), notices)


def _close_folders(paths: files.SettingsFiles, env: Mapping[str, str]) -> list[str]:
    """Make folders private that earlier versions left open to others; return a notice for each.

    Only the default folders: a folder named by a variable may have other uses. ``voicetrail doctor`` reports those.
    """
    notices = []
    for folder, variable in ((paths.settings.parent, "CONFIG"), (paths.state_folder, "STATE")):
        if env.get(f"{ENVIRONMENT}{variable}_DIR"):
            continue
        try:
            if close_to_others(folder):
                notices.append(f"{folder} was readable by others on this machine; now only you can read it")
        except OSError as error:
            notices.append(f"{folder} can be read by others on this machine: {error.strerror or error}; run chmod 700 on it")
    return notices


def _usable(entries: Mapping[str, Any], path: Path, text: str, notices: list[str]) -> dict[str, Value]:
    """The valid entries of a file; adds a notice for each other entry."""
    usable: dict[str, Value] = {}
    # Old names first, so that a value under the current name overrides one under an old name.
    for name, value in sorted(entries.items(), key=lambda entry: entry[0] not in OLD_NAMES):
        try:
            setting, checked, note = take(name, value, is_text=False)
            usable[setting.name] = checked
            if note:
                notices.append(f"{path}, {_line_of(name, text)}{note}")
        except SettingsError as error:
            notices.append(f"{path}, {_line_of(name, text)}{error}; ignored")
    return usable


def _line_of(name: str, text: str) -> str:
    """``line 3: `` for an entry of a TOML text, or an empty text if the line is not known."""
    quoted = re.escape(name)
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"""\s*(\[\s*)?["']?{quoted}["']?\s*[=.\]]""", line):
            return f"line {number}: "
    return ""


def _take_keys(table: object, path: Path, text: str, notices: list[str]) -> Mapping[str, object]:
    """The ``[keys]`` table; ``voicetrail.keys.rebind`` checks its contents."""
    if isinstance(table, Mapping):
        return table
    notices.append(f"{path}, {_line_of(KEYS, text)}keys is not a table; ignored")
    return {}


def _environment(env: Mapping[str, str], notices: list[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name in (*OLD_NAMES, *SETTINGS):
        variable = ENVIRONMENT + name.upper()
        if env.get(variable):
            try:
                setting, values_of, note = take(name, env[variable])
            except SettingsError as error:
                raise SettingsError(f"the environment variable {variable}: {error}") from None
            values[setting.name] = values_of
            if note:
                notices.append(f"the environment variable {variable}: {note}")
    return values


def _flags(flags: Mapping[str, object], notices: list[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value in sorted(flags.items(), key=lambda entry: entry[0] not in OLD_NAMES):
        if value is not None:
            setting, checked, note = take(name, value)
            values[setting.name] = checked
            if note:
                notices.append(f"--{name.replace('_', '-')}: {note}")
    return values
