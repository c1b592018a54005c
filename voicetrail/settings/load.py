"""Reads the settings of a run from every place: files, environment, flags."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from voicetrail.errors import SettingsError
from voicetrail.settings import files
from voicetrail.settings.layers import Layer, Origin
from voicetrail.settings.presets import load_preset
from voicetrail.settings.schema import SETTINGS, Value, find
from voicetrail.settings.state import StateWriter
from voicetrail.settings.store import Settings

KEYS = "keys"
"""The table of the settings file that binds keys anew; ``voicetrail.keys`` knows what may stand in it."""
ENVIRONMENT = "VOICETRAIL_"


def load_settings(
    flags: Mapping[str, object] | None = None,
    profile: str | None = None,
    env: Mapping[str, str] | None = None,
    *,
    background: bool = False,
) -> Settings:
    """Read the settings from every place.

    A settings or state file that is no TOML is set aside and told in ``notices``; so is a value in one that cannot be used,
    which is passed over. What is given for this run (a flag, the environment) is refused instead.

    Args:
        flags: values of flags by the setting's name, as text or typed; ``None`` is a flag that was not given.
        profile: the player's profile; ``VOICETRAIL_PROFILE`` is taken when ``None``.
        env: the environment; the process's when ``None``.
        background: keep changes in a thread of its own (the game).

    Raises:
        SettingsError: a flag, an environment variable or the profile's name cannot be used.
    """
    env = os.environ if env is None else env
    places = files.places(profile or env.get(f"{ENVIRONMENT}PROFILE") or None, env)
    notices: list[str] = []
    layers: list[Layer] = []
    keys: dict[str, object] = {}
    written: list[tuple[Path | None, Origin]] = [(places.settings, "file"), (places.profile, "profile"), (places.state, "key")]
    for path, origin in written:
        if path is None:
            continue
        entries, text, notice = files.read_or_set_aside(path)
        notices += [notice] if notice else []
        keys.update(_take_keys(entries.pop(KEYS, {}), path, text, notices))
        layers.append(Layer(origin, _usable(entries, path, text, notices)))
    layers.append(Layer("environment", _environment(env, notices)))
    layers.append(Layer("flag", _flags(flags or {})))
    for layer in layers[-2:]:
        if "preset" in layer.entries:
            load_preset(str(layer.entries["preset"]), places.presets)
    return Settings(layers, places, StateWriter(places.state, background=background), MappingProxyType(keys), notices)


def _usable(entries: Mapping[str, Any], path: Path, text: str, notices: list[str]) -> dict[str, Value]:
    """The entries of a file that can be used; a notice for each other one."""
    usable: dict[str, Value] = {}
    for name, value in entries.items():
        try:
            setting, word = find(name)
            assert word is None or setting
            usable[setting.name] = setting.check(value)
        except SettingsError as error:
            notices.append(f"{path}, {_line_of(name, text)}{error}; passed over")
    return usable


def _line_of(name: str, text: str) -> str:
    """``line 3: `` for an entry of a TOML text, or nothing where it cannot be told."""
    quoted = re.escape(name)
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"""\s*(\[\s*)?["']?{quoted}["']?\s*[=.\]]""", line):
            return f"line {number}: "
    return ""


def _take_keys(table: object, path: Path, text: str, notices: list[str]) -> Mapping[str, object]:
    """The ``[keys]`` table: keys for each action; ``voicetrail.keys.rebind`` says whether they can be used."""
    if isinstance(table, Mapping):
        return table
    notices.append(f"{path}, {_line_of(KEYS, text)}keys is no table; passed over")
    return {}


def _environment(env: Mapping[str, str], notices: list[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, setting in SETTINGS.items():
        variable = ENVIRONMENT + name.upper()
        if variable in env:
            try:
                values[name] = setting.parse(env[variable])
            except SettingsError as error:
                raise SettingsError(f"the environment variable {variable}: {error}") from None
    return values


def _flags(flags: Mapping[str, object]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value in flags.items():
        if value is not None:
            setting, _ = find(name)
            values[name] = setting.parse(value) if isinstance(value, str) else setting.check(value)
    return values
