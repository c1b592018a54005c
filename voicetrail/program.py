"""The commands, and the parsers that are made from them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from voicetrail.arguments import Parser

COMMANDS = {
    "title": "choose what to play (what `voicetrail` alone does)",
    "play": "play at once: sketch, trace, maze, snake or echo",
    "daily": "play today's maze, the same for everybody",
    "scores": "bests, streak and hearing accuracy; export and import them",
    "host-scores": "list, export or delete the results of the visitors of a host",
    "listen": "print the words heard in a file or at the microphone",
    "classify": "print the scores of one-second clips",
    "calibrate": "find thresholds and gain for your voice, microphone and room",
    "devices": "list the sound inputs",
    "doctor": "check terminal, sound and weights, and say what to do",
    "settings": "show or change settings, and where each value comes from",
    "replays": "list the recorded sessions",
    "replay": "play a recorded session again, check it, or try other settings",
    "export": "turn a recorded session into a cast, gif, svg, png, text or wav",
    "serve": "play in a browser, with the browser's microphone",
    "ssh": "play on another machine with the microphone of this one",
    "mic": "send this machine's microphone to a game on another machine",
    "host": "let others play on this machine over ssh, and nothing else",
    "import-model": "convert a TensorFlow.js model to weights",
    "export-model": "write weights for other programs: ONNX, TensorFlow.js",
    "teach": "teach words of your own",
    "words": "list, rename, delete, export or import taught words",
    "train": "train a recognizer",
    "evaluate": "measure a recognizer on clips, noise and streams",
    "completion": "print shell completion for bash, zsh or fish",
}
"""Every command with its line in the help."""

INTERNAL = ("visit",)
"""Commands that other commands start."""

DEFAULT = "title"


def build_parser() -> Parser:
    """The parser of the program's own help; a command's own arguments are added only when it is called."""
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = Parser(
        prog="voicetrail",
        description="Say up, down, left, right: a trail draws itself in the terminal.",
        epilog=f"commands:\n{listing}\n\n`voicetrail help COMMAND` explains a command; `voicetrail` alone shows the title.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="voicetrail [--profile NAME] [COMMAND] [options]",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("--profile", metavar="NAME", help="use the settings of this player in the command that follows")
    return parser


def command_module(name: str) -> ModuleType:
    """The module of a command, imported: it has ``add_arguments`` and ``run``."""
    return import_module(f"voicetrail.commands.{name.replace('-', '_')}")


def command_parser(name: str) -> Parser:
    """The parser of one command; its module is imported."""
    command = command_module(name)
    parser = Parser(
        prog=f"voicetrail {name}", description=command.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_arguments(parser)
    if "--profile" not in parser._option_string_actions:
        # It may stand before any command, also before one that has no settings to take from it.
        parser.add_argument("--profile", help=argparse.SUPPRESS)
    return parser


def whole_parser() -> Parser:
    """The parser with every command and its arguments in it: what completion and the manual page are made from."""
    parser = build_parser()
    parser.usage = None
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = command_module(name)
        own = commands.add_parser(
            name, help=text, description=command.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.add_arguments(own)
    return parser


def split_arguments(given: Sequence[str]) -> tuple[str, list[str]]:
    """What a command line asks for.

    Args:
        given: the words after ``voicetrail``.

    Returns:
        A command, ``--help``, ``--version``, or a name that is none; and its arguments. ``--profile NAME`` may stand before the
        command, which takes it over.
    """
    words = list(given)
    profile: list[str] = []
    if words and words[0].startswith("--profile="):
        profile, words = words[:1], words[1:]
    elif words[:1] == ["--profile"] and len(words) > 1:
        profile, words = words[:2], words[2:]
    match words:
        case ["help" | "-h" | "--help"]:
            return "--help", []
        case ["help", name, *_]:
            return name, ["--help"]
        case ["version" | "--version", *_]:
            return "--version", []
        case [name, *rest] if not name.startswith("-"):
            return name, [*profile, *rest]
        case _:
            return DEFAULT, [*profile, *words]
