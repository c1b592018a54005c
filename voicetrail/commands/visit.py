"""The game of a visitor. `voicetrail host` and `voicetrail serve` start it; it is not meant to be started by hand."""

from __future__ import annotations

import argparse
import gc
import os

from voicetrail.commands.play import add_round_arguments, round_of, show

PRELOADED = (
    "voicetrail.cli",
    "voicetrail.commands.visit",
    "voicetrail.link.receiving.remote_listener",
    "voicetrail.play.drawings",
    "voicetrail.play.visitor",
    "voicetrail.play.listening.worker",
    "voicetrail.replay.library",
    "voicetrail.replay.recorder",
    "voicetrail.scores.store",
    "voicetrail.settings.flags",
    "voicetrail.ui.app",
    "voicetrail.ui.screens.help",
    "voicetrail.ui.screens.result",
    "voicetrail.ui.screens.round",
    "voicetrail.ui.screens.title",
    "voicetrail.ui.terminal",
    "textual.drivers.linux_driver",
    "textual.layouts.factory",
    "textual.scrollbar",
)
"""Modules that every game imports sooner or later; they are imported once, and visitors' games are forked with them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the round and the settings that a visitor may choose: nothing that names a file, a device or an address."""
    from voicetrail.play.visitor import NOT_OF_VISITORS
    from voicetrail.settings.flags import add_setting_flags

    add_round_arguments(parser)
    add_setting_flags(parser, without=NOT_OF_VISITORS, profile=False)


def run(args: argparse.Namespace) -> int:
    """Run the game of a visitor."""
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags
    from voicetrail.ui.terminal import check_terminal, save_bandwidth
    from voicetrail.visitors.channel import VARIABLE, GameChannel, terms_of

    terms = terms_of(os.environ)
    del os.environ[VARIABLE]
    channel = GameChannel.open(terms)
    check_terminal()
    gc.disable()  # as `voicetrail play` does
    from voicetrail.play.setup import open_scores
    from voicetrail.play.visitor import VisitorContext, visitor_flags

    # Without a round on the command line, the visitor chooses one on the title screen.
    setup = None if args.round_mode is None else round_of(args)
    settings = load_settings(setting_flags(args) | visitor_flags(terms), background=True)
    try:
        slow = save_bandwidth(settings.values.slow_connection)
        return show(VisitorContext(settings, terms, channel, open_scores=open_scores, slow=slow), setup)
    finally:
        settings.close()
