"""Play the maze of the day: one maze per UTC date, the same for everybody. Your first attempt of the day counts."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail daily``."""
    from voicetrail.commands.play import add_flags

    add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail daily``."""
    from voicetrail.commands.play import play
    from voicetrail.play.rounds.setups import requested_setup

    return play(requested_setup("daily"), args)
