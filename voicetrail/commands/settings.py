"""Show the settings and the origin of each value, or change a setting.

Each of these origins overrides the ones before it: default, settings file, profile, keys pressed in earlier sessions, environment
(VOICETRAIL_THRESHOLD=0.6), flags, keys pressed in this session. The values of a preset have the origin that names the preset, and
give way to other values from there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from voicetrail import output
from voicetrail.errors import SettingsError
from voicetrail.settings import SETTINGS, Setting, Settings, Value, find, load_settings
from voicetrail.settings.files import change_settings_file, change_state
from voicetrail.settings.flags import add_setting_flags, setting_flags
from voicetrail.settings.settings import SUPERSEDED, checked_change
from voicetrail.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail settings``."""
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    add_setting_flags(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions (default: print the list)")
    change = actions.add_parser("set", help="change a setting in the settings file; comments are preserved")
    change.add_argument("name", metavar="NAME", help="a setting, or thresholds.WORD")
    change.add_argument("value", metavar="VALUE")
    reset = actions.add_parser("reset", help="remove a setting from the settings file, and undo changes made with keys")
    reset.add_argument("name", metavar="NAME", help="a setting, thresholds.WORD, or all")
    save = actions.add_parser("save", help="save the current tuning as a preset of your own")
    save.add_argument("name", metavar="NAME")
    actions.add_parser("presets", help="list the presets")
    actions.add_parser("path", help="print the paths of the files")
    for action in actions.choices.values():
        action.add_argument("--profile", default=argparse.SUPPRESS, metavar="NAME", help="use the file of this profile")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail settings``."""
    settings = load_settings(setting_flags(args), args.profile)
    actions = {"set": _set, "reset": _reset, "save": _save, "presets": _presets, "path": _path}
    if args.action is None:
        if args.json:
            output.write_json(_as_json(settings), indent=2)
        else:
            output.write_line(_as_table(settings))
    else:
        actions[args.action](settings, args)
    if not (args.action is None and args.json):
        for notice in _notices(settings):
            output.write_line(f"note: {printable(notice, 500)}")
    return 0


def _set(settings: Settings, args: argparse.Namespace) -> None:
    setting, word = find(args.name)
    args.name = setting.name if word is None else args.name
    value = checked_change(setting, word, _parsed(setting, word, args.value), settings.presets)
    change_settings_file(settings.paths.written, {args.name: value})
    # Changes made with keys override the file: they would hide this change.
    _forget_keys(settings, (args.name, *SUPERSEDED.get(args.name, ())))
    _print_result(args, None if value is None else "file" if settings.paths.profile is None else "profile")


def _parsed(setting: Setting, word: str | None, text: str) -> Value:
    """Parse the value of a setting, or of one of its words."""
    if word is None:
        return setting.parse(text)
    try:
        return float(text)
    except ValueError:
        return text  # `checked_change` refuses it, with the name of the setting


def _reset(settings: Settings, args: argparse.Namespace) -> None:
    if args.name == "all":
        names: tuple[str, ...] = tuple(SETTINGS)
    else:
        setting, word = find(args.name)
        args.name = setting.name if word is None else args.name
        names = (args.name,)
    change_settings_file(settings.paths.written, dict.fromkeys(names))
    _forget_keys(settings, names)
    if args.name == "all":
        output.write_line("Every setting has its default value, unless the environment or a flag sets it.")
    else:
        _print_result(args, None)


def _save(settings: Settings, args: argparse.Namespace) -> None:
    settings.save_preset(args.name)
    output.write_line(f"saved the preset {args.name!r} in {printable(settings.paths.presets, 500)}, and selected it")


def _presets(settings: Settings, args: argparse.Namespace) -> None:
    for name in ("none", *settings.preset_names()):
        output.write_line(f"{'*' if settings.values.preset == name else ' '} {name}")


def _path(settings: Settings, args: argparse.Namespace) -> None:
    paths = settings.paths
    rows = [("settings", paths.settings), ("profile", paths.profile), ("keys", paths.state), ("presets", paths.presets)]
    for name, path in rows:
        if path is not None:
            output.write_line(f"{name:<9} {printable(path, 500)}")


def _forget_keys(settings: Settings, names: Sequence[str]) -> None:
    try:
        if settings.paths.state.exists():
            change_state(settings.paths.state, dict.fromkeys(names))
    except OSError as error:
        raise SettingsError(f"{settings.paths.state} cannot be written: {error.strerror or error}") from None


def _print_result(args: argparse.Namespace, written: str | None) -> None:
    """Print the value in effect and, if it is not the one just written, why."""
    settings = load_settings(setting_flags(args), args.profile)
    setting, word = find(args.name)
    own = word is None or word in settings.values.thresholds
    origin = settings.origin(args.name if own else "preset")
    if own:
        shown = f"{settings[args.name]:g}" if word is not None else settings.show(setting.name)
        output.write_line(f"{args.name} = {shown or '(empty)'} ({origin})")
    else:
        output.write_line(f"{args.name} is not set: it uses the threshold for all words")
    if written is not None and origin != written:
        reason = f"the preset {settings.values.preset!r}" if origin in ("preset", "key") else f"the {origin}"
        output.write_line(f"note: the value was written, but {reason} overrides the {written}")


def _notices(settings: Settings) -> list[str]:
    """The problems found in the files, including those in ``[keys]``."""
    from voicetrail.keys import rebind

    return [*settings.notices, *rebind(settings.keys)[1]]


def _as_json(settings: Settings) -> dict[str, object]:
    rows = []
    for name, setting in SETTINGS.items():
        value = settings[name]
        rows.append(
            {
                "name": name,
                "value": dict(value) if isinstance(value, Mapping) else value,
                "origin": settings.origin(name),
                "default": dict(setting.default) if isinstance(setting.default, Mapping) else setting.default,
                "range": setting.range_text,
                "unit": setting.unit,
                "help": setting.help,
            }
        )
    own = settings.paths
    paths = {"settings": own.settings, "profile": own.profile, "keys": own.state, "presets": own.presets}
    files = {name: str(path) for name, path in paths.items() if path is not None}
    return {"settings": rows, "files": files, "notices": _notices(settings)}


def _as_table(settings: Settings) -> str:
    rows = [("name", "value", "from", "range", "what it does")]
    for name, setting in SETTINGS.items():
        rows.append((name, settings.show(name) or "-", settings.origin(name), setting.range_text, setting.help))
        if name == "thresholds":
            words = settings.values.thresholds
            rows[-1:] = [
                (f"{name}.{printable(word)}", f"{value:g}", settings.origin(f"{name}.{word}"), setting.range_text, setting.help)
                for word, value in words.items()
            ] or rows[-1:]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    widths = [min(width, limit) for width, limit in zip(widths, (40, 40, 12, 40), strict=True)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row[:4], widths, strict=True)), row[4]]) for row in rows
    )
