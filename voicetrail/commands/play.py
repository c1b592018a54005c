"""Play: say up, down, left, right. The arrow keys do the same; ? shows every key.

MODE is sketch (draw what you like), trace (follow a line), maze (find the way out), snake, echo (say it back) or daily (today's maze).
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import OutputError, UsageError, VoicetrailError
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.game import RoundSetup
    from voicetrail.play.context import SessionContext
    from voicetrail.ui.app import VoicetrailApp


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to play, a flag for every setting, and where to record."""
    add_round_arguments(parser)
    parser.add_argument("--background", metavar="FILE", help="a text file of box characters to draw over, with sketch")
    add_flags(parser)


def add_round_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to play, without what names a file."""
    parser.add_argument(
        "round_mode",
        nargs="?",
        metavar="MODE",
        help="sketch, trace, maze, snake or echo, or daily for today's maze (default: sketch)",
    )
    parser.add_argument(
        "level",
        nargs="?",
        metavar="LEVEL",
        help="a level to trace, the size of a maze or of a snake's field, or the name of a drawing to go on with",
    )
    parser.add_argument("--seed", type=_seed, metavar="N", help="repeat a maze, snake or row of words")
    parser.add_argument("--text", metavar="TEXT", help="letters and digits to trace, in place of a level")
    parser.add_argument("--braided", action="store_true", help="a maze without dead ends")
    parser.add_argument("--fog", action="store_true", help="a maze that shows only what is near the pen")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every setting, and where to record."""
    from voicetrail.settings.flags import add_setting_flags

    parser.add_argument(
        "--record",
        nargs="?",
        const=True,
        metavar="FILE",
        help="record from the start, in FILE or in the platform's data folder",
    )
    parser.add_argument(
        "--announce", action="store_true", help="no screen: write what happens as plain lines, for screen readers and logs"
    )
    add_setting_flags(parser, without=("record",))


def _seed(text: str) -> int:
    from voicetrail.game.setup import SEED_RANGE

    low, high = SEED_RANGE
    if not text.isascii() or not text.isdigit() or len(text) > 16 or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{printable(text, 40)!r} is not a seed; it takes a whole number from {low} to {high}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Play."""
    setup = round_of(args)
    if args.background is None:
        return play(setup, args)
    from voicetrail.play.drawings import read_background

    if setup.mode != "sketch":
        raise UsageError(f"{setup.mode} takes no --background")
    return play(setup, args, read_background(Path(args.background)))


def round_of(args: argparse.Namespace) -> RoundSetup:
    """The round that the arguments of ``add_round_arguments`` ask for.

    Raises:
        UsageError: there is no such round.
    """
    from voicetrail.play.rounds.setups import requested_setup

    return requested_setup(args.round_mode, args.level, seed=args.seed, text=args.text, braided=args.braided, fog=args.fog)


def play(setup: RoundSetup | None, args: argparse.Namespace, background: str = "") -> int:
    """Play a round, or show the title.

    Args:
        setup: the round; ``None`` for the title.
        args: the flags of ``add_flags``.
        background: a text of box characters to draw over.
    """
    if args.announce:
        from voicetrail.commands.announce import announce

        return announce(setup, args, background)
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags
    from voicetrail.ui.terminal import check_terminal, save_bandwidth

    check_terminal()
    # What is imported now stays: looking through it for garbage again and again would hold up the first paint (see `TrailApp`).
    gc.disable()
    record, args.record = args.record, None
    settings = load_settings(setting_flags(args), args.profile, background=True)
    try:
        slow = save_bandwidth(settings.values.slow_connection)
        from voicetrail.play.setup import make_context, open_requested_source

        context = make_context(settings, opened=open_requested_source(settings), record=record, slow=slow)
        return show(context, setup, background)
    finally:
        settings.close()


def show(context: SessionContext, setup: RoundSetup | None, background: str = "") -> int:
    """Show a session on the screen until the player leaves; return the exit code.

    Args:
        context: the session; closed at the end.
        setup: the round to begin with; ``None`` for the title.
        background: a text of box characters to draw over.
    """
    from voicetrail.checkup.probe import needs_ascii
    from voicetrail.play.drawings import begin_requested
    from voicetrail.ui.app import VoicetrailApp
    from voicetrail.ui.style.look import ascii_locale
    from voicetrail.ui.terminal import terminal_restored

    # Before the screen is taken: a level that there is not, or a file that cannot be made, ends the command with one line.
    if setup is not None:
        begin_requested(context, setup, background)
    app = VoicetrailApp(context, ascii_only=ascii_locale() or needs_ascii(os.environ))
    with terminal_restored():
        app.run()
    lines = context.close("signal" if app.ended_by else "quit")
    with contextlib.suppress(OutputError):  # the terminal may be gone
        for line in lines:
            output.write_line(line)
    return _end(app)


def _end(app: VoicetrailApp) -> int:
    """Say what has to be said once the terminal is the player's again, and leave."""
    if app.exit_error:
        raise VoicetrailError(app.exit_error)
    code = app.return_code or 0
    if app.failure is not None:
        output.write_error(f"voicetrail: an internal error ended the game; the log is {app.log_path}")
        code = 1
    if app.left_loading:
        # An import cannot be interrupted, and a thread that is inside one must not meet the interpreter's end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
