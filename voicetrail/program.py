"""The commands, and the parsers that are made from them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from voicetrail.arguments import Parser

COMMANDS = {
    "title": "open the title screen (the default command)",
    "play": "start a round: sketch, trace, maze, snake or echo",
    "daily": "play the maze of the day, the same for everybody",
    "scores": "show your bests, streak and word accuracy; export or import them",
    "host-scores": "list, export or delete the results of a host's visitors",
    "listen": "print the words detected in a file or from the microphone",
    "classify": "print the scores of one-second clips",
    "calibrate": "find thresholds and gain for your voice, microphone and room",
    "devices": "list the microphones and other sound inputs",
    "doctor": "check the terminal, the sound, the recognizer and the settings",
    "settings": "show the settings and the origin of each value, or change them",
    "replays": "list your recorded rounds",
    "replay": "play a recorded round, check it, or try other settings on it",
    "export": "export a recorded round as cast, gif, svg, png, text or wav",
    "serve": "serve the game as a web page, with the browser's microphone",
    "ssh": "play on another machine with this machine's microphone",
    "mic": "send this machine's microphone to a game on another machine",
    "host": "let others play on this machine over SSH, and do nothing else",
    "import-model": "convert a TensorFlow.js model to weights",
    "export-model": "convert weights to ONNX or TensorFlow.js",
    "teach": "teach words of your own",
    "words": "list, rename, delete, export or import sets of taught words",
    "train": "train a recognizer from recordings",
    "evaluate": "measure a recognizer on clips, noise and streams",
    "completion": "print a completion script for bash, zsh or fish",
}
"""Every command, with its line in the help."""

INTERNAL = ("visit",)
"""Commands that only other commands start; the help does not list them."""

DEFAULT = "title"


def build_parser() -> Parser:
    """The parser of the program's own help; a command's own arguments are added only when it is called."""
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = Parser(
        prog="voicetrail",
        description="Say up, down, left, right: a trail draws itself in the terminal.",
        epilog=f"commands:\n{listing}\n\n`voicetrail help COMMAND` explains a command. `voicetrail` without a command "
        "opens the title screen.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="voicetrail [--profile NAME] [COMMAND] [options]",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("--profile", metavar="NAME", help="use the settings of the profile NAME in the command that follows")
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
        # It may precede any command, even one that uses no settings.
        parser.add_argument("--profile", help=argparse.SUPPRESS)
    return parser


def whole_parser() -> Parser:
    """The parser of all commands with their arguments, for shell completion and the manual page."""
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
    """Find the command in a command line.

    Args:
        given: the words after ``voicetrail``.

    Returns:
        The command (or ``--help``, ``--version``, or the name of an unknown command) and its arguments. A ``--profile NAME`` before
        the command is moved into its arguments.
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
