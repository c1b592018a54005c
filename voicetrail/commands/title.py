"""Open the title, where you choose what to play: by the words up, down, left and right, by keys, or with the mouse."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every setting, and where to record."""
    from voicetrail.commands.play import add_flags

    add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Show the title."""
    from voicetrail.commands.play import play

    return play(None, args)
