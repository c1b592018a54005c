"""The entry point of the command line: finds the command, runs it, and reports an error in one line.

Each command is a module in ``voicetrail.commands`` that is imported only when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches

from voicetrail import output
from voicetrail.errors import OutputError, VoicetrailError
from voicetrail.program import COMMANDS, INTERNAL, build_parser, command_module, command_parser, split_arguments
from voicetrail.text import printable
from voicetrail.version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 an error that the message explains, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    output.prepare()
    try:
        code = _run(given)
        output.finish()
        return code
    except BrokenPipeError:
        # The reader of our output has closed it (`| head`). This is not an error, and nothing may be written at exit.
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


def _hint(name: str) -> str:
    """What to do instead of calling a command that does not exist."""
    from voicetrail.game import MODES

    if name in MODES:
        return f"to play it, run: voicetrail play {name}"
    near = get_close_matches(name, COMMANDS, 1)
    return f"did you mean {near[0]}?" if near else f"the commands are {', '.join(COMMANDS)}"


def _run(given: Sequence[str]) -> int:
    name, rest = split_arguments(given)
    try:
        if name == "--version":
            output.write_line(f"voicetrail {__version__}")
            return 0
        if name == "--help":
            build_parser().print_help()
            return 0
        if name not in COMMANDS and name not in INTERNAL:
            hint = _hint(name)
            build_parser().error(f"no command {printable(name)!r}; {hint}")
        args = command_parser(name).parse_args(rest)
    except SystemExit as ended:  # argparse has printed the help, or what is wrong with the arguments
        return ended.code if isinstance(ended.code, int) else 0
    code: int = command_module(name).run(args)
    return code
