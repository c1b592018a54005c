"""A flag for every setting, made from the list."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from types import MappingProxyType

from voicetrail.settings.schema import OLD_NAMES, SETTINGS, Setting

OTHER_FLAGS: Mapping[str, tuple[str, ...]] = MappingProxyType({"weights": ("--words",)})
"""Other flags of a setting: a set of words that was taught is weights under its name (`voicetrail words` lists them)."""


def add_setting_flags(parser: argparse.ArgumentParser, without: Collection[str] = (), *, profile: bool = True) -> None:
    """Add ``--profile`` and a flag for every setting: ``--glide-speed 8``, ``--no-ascii``, ``--threshold left=0.5``.

    Args:
        parser: the command's.
        without: settings for which the command has a flag of its own, or none.
        profile: add ``--profile``.
    """
    group = parser.add_argument_group("settings", "for this run; these override the settings file and the environment")
    if profile:
        group.add_argument("--profile", metavar="NAME", help="the player's own settings, kept under this name")
    for setting in SETTINGS.values():
        if setting.name in without or setting.name == "thresholds":
            continue
        flag = "--" + setting.name.replace("_", "-")
        help = setting.help.replace("%", "%%")
        if setting.type == "switch":
            group.add_argument(flag, dest=setting.name, action=argparse.BooleanOptionalAction, default=None, help=help)
        elif setting.name == "threshold":
            group.add_argument(
                flag,
                dest=setting.name,
                action="append",
                metavar="[WORD=]VALUE",
                help=f"{help}; or for a single word, such as left=0.5 (repeatable)",
            )
        else:
            group.add_argument(
                flag,
                *OTHER_FLAGS.get(setting.name, ()),
                dest=setting.name,
                metavar=_metavar(setting),
                help=f"{help}{_range(setting)}",
            )
    for old, name in OLD_NAMES.items():
        if name not in without and old not in SETTINGS:
            flag = "--" + old.replace("_", "-")
            if SETTINGS[name].type == "switch":
                group.add_argument(flag, dest=old, action=argparse.BooleanOptionalAction, default=None, help=argparse.SUPPRESS)
            else:
                group.add_argument(flag, dest=old, help=argparse.SUPPRESS)


def setting_flags(args: argparse.Namespace) -> dict[str, object]:
    """The flags that were given, as ``load_settings`` takes them.

    Raises:
        SettingsError: a threshold cannot be used.
    """
    given: dict[str, object] = {}
    for name in (*OLD_NAMES, *SETTINGS):
        value = getattr(args, name, None)
        if value is not None:
            given[name] = value
    thresholds = given.pop("threshold", None)
    if isinstance(thresholds, list):
        for_all, words = parse_thresholds(thresholds)
        if for_all is not None:
            given["threshold"] = for_all
        if words:
            given["thresholds"] = words
    return given


def parse_thresholds(texts: Collection[str]) -> tuple[float | str | None, dict[str, float]]:
    """Read thresholds as flags give them.

    Args:
        texts: each ``0.6`` for all words, or ``left=0.5`` (or several with commas); a later one holds over an earlier one.

    Returns:
        The threshold for all words, ``None`` when none was given, and the thresholds of single words.

    Raises:
        SettingsError: one is no threshold or out of range.
    """
    for_all: float | str | None = None
    words: dict[str, float] = {}
    for text in texts:
        if "=" in text:
            table = SETTINGS["thresholds"].parse(text)
            assert isinstance(table, Mapping)
            words.update(table)
        else:
            value = SETTINGS["threshold"].parse(text)
            assert isinstance(value, float | str)
            for_all = value
    return for_all, words


def _range(setting: Setting) -> str:
    """The allowed values in parentheses; nothing where any text is allowed."""
    return f" ({setting.range_text})" if setting.range_text != "text" else ""


def _metavar(setting: Setting) -> str:
    if setting.type == "choice":
        return "|".join(setting.choices)
    return {"integer": "N", "number": "NUMBER"}.get(setting.type, "TEXT")
