"""Play without a screen (``--announce``): lines on the standard output, controlled by voice or by lines on the standard input."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from voicetrail import output

if TYPE_CHECKING:
    from types import FrameType

    from voicetrail.game import RoundSetup
    from voicetrail.play.announce import Announcer


def announce(setup: RoundSetup | None, args: argparse.Namespace, background: str = "") -> int:
    """Play without a screen.

    Args:
        setup: the round; ``None`` starts with the list of modes.
        args: the flags of ``commands.play.add_flags``.
        background: box characters that are put under the drawing.
    """
    from voicetrail.play.announce import Announcer, EndRequest
    from voicetrail.play.setup import make_context, open_requested_source
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags

    record, args.record = args.record, None
    settings = load_settings(setting_flags(args), args.profile)
    context = make_context(settings, opened=open_requested_source(settings), record=record)
    # With the source ``-``, the standard input is the sound.
    typing = settings.values.source != "-"
    announcer = Announcer(context, lambda text: output.write_line(text, flush=True), typing=typing)
    code = 0

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal code
        code = 128 + number
        announcer.take(EndRequest("signal"))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    if typing:
        threading.Thread(target=_read_lines, args=(announcer,), name="voicetrail-typing", daemon=True).start()
    try:
        announcer.run(setup, background)
    finally:
        loading = context.loading
        lines = context.close(announcer.reason)
    for line in lines:
        output.write_line(line)
    output.finish()
    if loading or typing:
        # Neither an import nor a read from a terminal can be interrupted, and their threads must not run during interpreter shutdown.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _read_lines(announcer: Announcer) -> None:
    from voicetrail.play.announce import Typed

    try:
        for line in sys.stdin:
            announcer.take(Typed(line[:200]))
    except (OSError, ValueError):
        pass  # the standard input is closed or broken: nobody can type
    announcer.take(Typed(None))
