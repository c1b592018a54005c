"""Play on another machine, with this machine's microphone.

  voicetrail ssh [user@]host [ssh options] [-- play options]

The game runs on the other machine. The system's own ssh carries the sound and the screen, so ~/.ssh/config, agents, jump hosts and
hardware keys work as usual.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from voicetrail.arguments import Parser
from voicetrail.commands.mic import add_source_arguments, describe

if TYPE_CHECKING:
    from voicetrail.remote.meter import Meter
    from voicetrail.remote.run import SshRun

WITH_VALUE = frozenset(
    {"--device", "--source", "--profile", "--remote-command", "--recognise", "--recognize", "--weights", "--words"}
)
FLAGS = frozenset({"--reconnect", "--no-level"})
LEVEL_TIME = 1.5
"""Seconds for which the level is shown before the game."""
DEAD_TIME = 4.0
"""Seconds for which the message about a silent microphone is shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail ssh``."""
    from voicetrail.settings.flags import OTHER_FLAGS

    add_source_arguments(parser)
    parser.add_argument(
        "--recognize",
        "--recognise",
        dest="recognize",
        choices=("there", "here"),
        default="there",
        help="which machine recognizes the words: there (the sound is sent) or here (no sound leaves this machine); default: there",
    )
    parser.add_argument(
        "--weights",
        *OTHER_FLAGS["weights"],
        metavar="NAME",
        help="the weights, or the set of taught words, on the machine that --recognize names",
    )
    parser.add_argument(
        "--remote-command",
        metavar="COMMAND",
        default="voicetrail",
        help="the command that starts voicetrail on the other machine (default: voicetrail)",
    )
    parser.add_argument("--reconnect", action="store_true", help="reconnect when the connection is lost")
    parser.add_argument("--no-level", action="store_true", help="do not show the microphone's level first")
    if isinstance(parser, Parser):
        parser.rest = "rest"
    parser.add_argument(
        "rest", nargs=argparse.REMAINDER, metavar="[user@]host …", help="the host, options of ssh, then -- and options of play"
    )


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail ssh``."""
    from voicetrail.errors import TerminalError, UsageError
    from voicetrail.remote.janitor import Janitor
    from voicetrail.remote.ssh import split_arguments

    request = split_arguments(args.rest, WITH_VALUE, FLAGS)
    own = Parser(prog="voicetrail ssh", add_help=False)
    add_arguments(own)
    args = own.parse_args(list(request.own), _without_rest(args))
    if args.weights and args.recognize == "there":
        request = replace(request, play=(f"--weights={args.weights}", *request.play))
    command = shlex.split(args.remote_command)
    if not command:
        raise UsageError("--remote-command cannot be empty; leave it out to run voicetrail")
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        raise TerminalError("the game needs a terminal; `voicetrail listen` works without one")
    janitor = Janitor()  # before any thread is started
    try:
        return _run(args, request, command, janitor)
    finally:
        janitor.dismiss()


def _without_rest(args: argparse.Namespace) -> argparse.Namespace:
    return argparse.Namespace(**{name: value for name, value in vars(args).items() if name != "rest"})


def _run(args: argparse.Namespace, request: object, command: list[str], janitor: object) -> int:
    from voicetrail.remote.feeds import open_feed
    from voicetrail.remote.janitor import Janitor
    from voicetrail.remote.meter import Meter
    from voicetrail.remote.run import SshRun
    from voicetrail.remote.signals import Ended, raise_on_signal
    from voicetrail.remote.ssh import SshRequest

    assert isinstance(request, SshRequest)
    assert isinstance(janitor, Janitor)
    with raise_on_signal():
        session: SshRun | None = None
        meter = Meter("")
        try:
            here = args.recognize == "here"
            if here:
                meter.say("loading recognizer…")
            feed = open_feed(
                args,
                words=here,
                on_level=meter.show,
                on_source_event=lambda event: None if meter.ended else meter.say(describe(event)),
            )
            meter.name = feed.name
            session = SshRun(request, feed, janitor, command, meter.say)
            if args.no_level:
                meter.end()
            session.start()
            if not args.no_level:
                _show_level(meter)
            meter.end()
            return _play(session, meter, args.reconnect)
        except Ended as ended:
            return 128 + ended.number if ended.number != signal.SIGINT else 130
        finally:
            if session is not None:
                session.close()
            meter.end()


def _show_level(meter: Meter) -> None:
    """Show the microphone's level for a moment, and say so if there is no sound."""
    from voicetrail.remote.run import sleep

    sleep(LEVEL_TIME)
    if meter.dead:
        meter.say(f"there is no sound from {meter.name}: is it muted, or the wrong one? (--device NAME chooses; ctrl+c ends)")
        sleep(DEAD_TIME)


def _play(session: SshRun, meter: Meter, reconnect: bool) -> int:
    from voicetrail.errors import RemoteError
    from voicetrail.remote.run import sleep, wait_between
    from voicetrail.remote.ssh import SshOutcome

    attempt, ever = 0, False
    while True:
        outcome, code, message = session.play()
        ever = ever or session.played
        attempt = 0 if session.played else attempt + 1
        if outcome is SshOutcome.ENDED:
            return code
        if not (reconnect and ever):
            hint = (
                "; with --reconnect, voicetrail ssh connects again" if outcome is SshOutcome.DROPPED and not reconnect else ""
            )
            raise RemoteError(message + hint)
        wait = wait_between(attempt)
        meter.say(f"{message}; reconnecting in {wait:.0f} s (ctrl+c ends)")
        sleep(wait)
