"""Play today's maze: one a day, the same for everybody, by the UTC date. The first try of a day counts."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every setting, and where to record."""
    from voicetrail.commands.play import add_flags

    add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Play."""
    from voicetrail.commands.play import play
    from voicetrail.play.rounds.setups import requested_setup

    return play(requested_setup("daily"), args)
