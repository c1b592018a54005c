"""Makes a flag for every setting from the list of settings."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from types import MappingProxyType

from voicetrail.settings.schema import OLD_NAMES, SETTINGS, Setting

OTHER_FLAGS: Mapping[str, tuple[str, ...]] = MappingProxyType({"weights": ("--words",)})
"""Other names of a setting's flag: a set of taught words is a kind of weights (`voicetrail words` lists the sets)."""


def add_setting_flags(parser: argparse.ArgumentParser, without: Collection[str] = (), *, profile: bool = True) -> None:
    """Add ``--profile`` and a flag for every setting: ``--glide-speed 8``, ``--no-ascii``, ``--threshold left=0.5``.

    Args:
        parser: the command's.
        without: settings to leave out, because the command has its own flag for them or does not use them.
        profile: add ``--profile``.
    """
    group = parser.add_argument_group("settings", "for this run only; they override the settings file and the environment")
    if profile:
        group.add_argument("--profile", metavar="NAME", help="use the settings of this profile")
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
                help=f"{help}: VALUE for all words, or WORD=VALUE for one, such as left=0.5; may be repeated",
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
    """The given flags, for ``load_settings``.

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
    """Parse thresholds from flags.

    Args:
        texts: each ``0.6`` for all words, or ``left=0.5`` (or several, separated by commas); later values override earlier ones.

    Returns:
        The threshold for all words (``None`` if not given), and the thresholds of single words.

    Raises:
        SettingsError: one is not a threshold, or out of range.
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
    """The allowed values in parentheses; empty if any text is allowed."""
    return f" ({setting.range_text})" if setting.range_text != "text" else ""


def _metavar(setting: Setting) -> str:
    if setting.type == "choice":
        return "|".join(setting.choices)
    return {"integer": "N", "number": "NUMBER"}.get(setting.type, "TEXT")
