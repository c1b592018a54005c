"""The game: say up, down, left, right, and a trail draws itself. The arrow keys draw too; ? shows every key."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import OutputError, VoicetrailError

if TYPE_CHECKING:
    from voicetrail.ui.app import VoicetrailApp


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every setting, and where to record."""
    from voicetrail.settings.flags import add_setting_flags

    parser.add_argument(
        "--record",
        nargs="?",
        const=True,
        metavar="FILE",
        help="record from the start, in FILE or in the platform's data folder",
    )
    add_setting_flags(parser, without=("record",))


def run(args: argparse.Namespace) -> int:
    """Play."""
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags
    from voicetrail.ui.terminal import check_terminal, spare_the_line

    check_terminal()
    # What is imported now stays: looking through it for garbage again and again would hold up the first paint (see `TrailApp`).
    gc.disable()
    record, args.record = args.record, None
    settings = load_settings(setting_flags(args), args.profile, background=True)
    spare_the_line(settings.values.slow_line)
    from voicetrail.play.setup import make_context, make_sketch, open_requested_source
    from voicetrail.ui.app import VoicetrailApp
    from voicetrail.ui.look import ascii_locale

    context = make_context(settings, opened=open_requested_source(settings), record=record)
    try:
        # Before the screen is taken: a recording's file that cannot be made ends the command with one line.
        context.begin_round(make_sketch(settings))
        app = VoicetrailApp(context, ascii_only=ascii_locale())
        app.run()
        recorded = context.close("signal" if app.ended_by else "quit")
    finally:
        settings.close()
    if recorded:
        with contextlib.suppress(OutputError):  # the terminal may be gone
            output.write_line(recorded)
    return _end(app)


def _end(app: VoicetrailApp) -> int:
    """Say what has to be said once the terminal is the player's again, and leave."""
    if app.exit_error:
        raise VoicetrailError(app.exit_error)
    code = app.return_code or 0
    if app.failure is not None:
        output.write_error(f"voicetrail: an error of the program ended the game; its log is {app.log_path}")
        code = 1
    if app.left_loading:
        # An import cannot be interrupted, and a thread that is inside one must not meet the interpreter's end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
