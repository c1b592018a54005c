"""Start a round. Say up, down, left, right; the arrow keys do the same, and ? shows every key.

MODE is sketch (draw what you like), trace (follow a line), maze (find the exit), snake, echo (repeat a sequence) or daily (the
maze of the day).
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
    """Declare the command line of ``voicetrail play``."""
    add_round_arguments(parser)
    parser.add_argument(
        "--background", metavar="FILE", help="with sketch: put the box characters of a text file under the drawing"
    )
    add_flags(parser)


def add_round_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose the round, except those that name a file."""
    parser.add_argument(
        "round_mode",
        nargs="?",
        metavar="MODE",
        help="sketch, trace, maze, snake, echo, or daily for the maze of the day (default: sketch)",
    )
    parser.add_argument(
        "level",
        nargs="?",
        metavar="LEVEL",
        help="the level to trace, the size of the maze or of the snake's field, or the name of a drawing to continue",
    )
    parser.add_argument(
        "--seed", type=_seed, metavar="N", help="play the same maze, snake or echo again: rounds with one seed are alike"
    )
    parser.add_argument("--text", metavar="TEXT", help="with trace: letters and digits to trace, instead of a level")
    parser.add_argument("--braided", action="store_true", help="with maze: no dead ends")
    parser.add_argument("--fog", action="store_true", help="with maze: show only what you have seen")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add ``--record``, ``--announce`` and a flag for every setting."""
    from voicetrail.settings.flags import add_setting_flags

    parser.add_argument(
        "--record",
        nargs="?",
        const=True,
        metavar="FILE",
        help="record from the start, to FILE or to a new file in the data folder",
    )
    parser.add_argument(
        "--announce",
        action="store_true",
        help="show no screen, but print what happens as plain lines, for screen readers and logs",
    )
    add_setting_flags(parser, without=("record",))


def _seed(text: str) -> int:
    from voicetrail.game.setup import SEED_RANGE

    low, high = SEED_RANGE
    if not text.isascii() or not text.isdigit() or len(text) > 16 or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{printable(text, 40)!r} is not a seed; it takes a whole number from {low} to {high}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail play``."""
    setup = round_of(args)
    if args.background is None:
        return play(setup, args)
    from voicetrail.play.drawings import read_background

    if setup.mode != "sketch":
        raise UsageError(f"--background works only with sketch, not with {setup.mode}")
    return play(setup, args, read_background(Path(args.background)))


def round_of(args: argparse.Namespace) -> RoundSetup:
    """The round that the arguments of ``add_round_arguments`` request.

    Raises:
        UsageError: no such round exists.
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
    # Imported modules stay for good; collecting garbage among them would delay the first paint (see `TrailApp`).
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
        setup: the round to start with; ``None`` for the title.
        background: box characters that are put under the drawing.
    """
    from voicetrail.checkup.probe import needs_ascii
    from voicetrail.play.drawings import begin_requested
    from voicetrail.ui.app import VoicetrailApp
    from voicetrail.ui.style.look import ascii_locale
    from voicetrail.ui.terminal import terminal_restored

    # Before the screen opens, so that an unknown level, or a file that cannot be written, ends the command with one line.
    if setup is not None:
        begin_requested(context, setup, background)
    app = VoicetrailApp(context, ascii_only=ascii_locale() or needs_ascii(os.environ))
    with terminal_restored():
        app.run()
    lines = context.close("signal" if app.ended_by else "quit")
    with contextlib.suppress(OutputError):  # the terminal may be gone
        for line in lines:
            output.write_line(line, wrap=True)
    return _end(app)


def _end(app: VoicetrailApp) -> int:
    """Report an error now that the terminal is restored, and return the exit code."""
    if app.exit_error:
        raise VoicetrailError(app.exit_error)
    code = app.return_code or 0
    if app.failure is not None:
        output.write_error(f"voicetrail: an internal error ended the game; the log is {app.log_path}")
        code = 1
    if app.left_loading:
        # An import cannot be interrupted, and a thread inside one must not run during interpreter shutdown.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
