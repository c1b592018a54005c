"""Open the title screen, where you choose what to play: with the words up, down, left and right, with keys, or with the mouse."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail title``."""
    from voicetrail.commands.play import add_flags

    add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail title``."""
    from voicetrail.commands.play import play

    return play(None, args)
