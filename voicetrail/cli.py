"""The command line: finds the command, runs it, and turns errors into one clear line.

Each command is a module in ``voicetrail.commands`` that is imported only when it is called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from voicetrail import __version__, output
from voicetrail.arguments import Parser
from voicetrail.errors import OutputError, VoicetrailError
from voicetrail.text import printable

COMMANDS = {
    "play": "the game (what `voicetrail` alone does)",
    "listen": "print the words heard in a file or at the microphone",
    "classify": "print the scores of one-second clips",
    "calibrate": "find thresholds and gain for your voice, microphone and room",
    "devices": "list the sound inputs",
    "doctor": "check terminal, sound and weights, and say what to do",
    "settings": "show or change settings, with where each came from",
    "replays": "list the kept sessions",
    "replay": "play a kept session again, check it, or ask what if",
    "export": "turn a kept session into a cast, gif, svg, png, text or wav",
    "ssh": "play on another machine with the microphone of this one",
    "mic": "serve this machine's microphone to a game elsewhere",
    "import-model": "make weights of a TensorFlow.js model",
    "export-model": "write weights for other programs: ONNX, TensorFlow.js",
    "train": "train a recognizer",
    "evaluate": "measure a recognizer on clips, noise and streams",
}
"""Every command with its line in the help."""

DEFAULT = "play"


def build_parser() -> Parser:
    """The parser of the program's own help; a command's own arguments are added only when it is called."""
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = Parser(
        prog="voicetrail",
        description="Say up, down, left, right: a trail draws itself in the terminal.",
        epilog=f"commands:\n{listing}\n\n`voicetrail COMMAND --help` tells more; `voicetrail` alone plays.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="voicetrail [COMMAND] [options]",
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 an error that the message explains, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    output.prepare()
    try:
        code = _run(given)
        output.finish()
        return code
    except BrokenPipeError:
        # Whoever read our output has all that was wanted (`| head`): nothing is wrong, and nothing may be written at exit.
        output.abandon()
        return 0
    except OutputError as error:
        output.abandon()
        output.write_error(f"voicetrail: {printable(error, 1000)}")
        return error.exit_code
    except VoicetrailError as error:
        output.write_error(f"voicetrail: {printable(error, 1000)}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _run(given: list[str]) -> int:
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        given = [DEFAULT, *given]
    name, rest = given[0], given[1:]
    parser = build_parser()
    try:
        if name.startswith("-"):
            parser.parse_args(given)
            output.write_line(f"voicetrail {__version__}")
            return 0
        if name not in COMMANDS:
            parser.error(f"no command {printable(name)!r}; there are {', '.join(COMMANDS)}")
        command = import_module(f"voicetrail.commands.{name.replace('-', '_')}")
        own = Parser(
            prog=f"voicetrail {name}", description=command.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.add_arguments(own)
        args = own.parse_args(rest)
    except SystemExit as ended:  # argparse has printed the help, or what is wrong with the arguments
        return ended.code if isinstance(ended.code, int) else 0
    code: int = command.run(args)
    return code
