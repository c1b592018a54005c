"""Serve this machine's microphone to a game on another machine, over the Wyoming protocol.

ADDRESS is a Unix socket that only you can use (unix:///PATH), or a port on this machine's loopback interface
(tcp://127.0.0.1:PORT). Forward it to the other machine with ssh -R. `voicetrail ssh` does all of this in one command.
"""

from __future__ import annotations

import argparse
import signal
import time
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import AudioError, UsageError, VoicetrailError
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.events import SourceEvent
    from voicetrail.link.address import Address

POLL_S = 0.2
"""Seconds between checks whether the sound has ended."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail mic``."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--serve", metavar="ADDRESS", help="unix:///PATH or tcp://127.0.0.1:PORT; with the prefix pcm+, raw sound is sent"
    )
    what.add_argument("--protocol", action="store_true", help="print the version of the network protocol and exit")
    add_source_arguments(parser)
    parser.add_argument("--secret", metavar="FILE", help="require clients to know the secret in this file")
    parser.add_argument("--words", action="store_true", help="run the recognizer here and send only words and scores")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that ``mic`` and ``ssh`` share: which sound, which settings."""
    parser.add_argument("--device", metavar="NAME", help="the microphone, by number or by part of its name")
    parser.add_argument("--source", metavar="SOURCE", default="mic", help="mic, demo, or a sound file (default: mic)")
    parser.add_argument("--profile", metavar="NAME", help="use the settings of this profile")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail mic``."""
    if args.protocol:
        from voicetrail.link.wire import PROTOCOL

        output.write_line(str(PROTOCOL))
        return 0
    from voicetrail.remote.signals import Ended, raise_on_signal

    address, secret = _served_address(args)
    with raise_on_signal():
        try:
            _serve(args, address, secret)
        except Ended as ended:
            return 0 if ended.number == signal.SIGTERM else 130
    return 0


def _served_address(args: argparse.Namespace) -> tuple[Address, bytes | None]:
    """Where to serve, and the secret that clients have to know.

    Raises:
        UsageError: the flags do not go together.
    """
    from voicetrail.link.address import parse_address, read_secret

    address = parse_address(args.serve)
    if address.content == "words":
        raise UsageError(f"{address} cannot be served: write {str(address).removeprefix('words+')} and add --words")
    if args.words and address.content == "pcm":
        raise UsageError("raw sound and --words cannot be combined: leave one out")
    if address.once or address.any_owner:
        raise UsageError(f"{address} cannot be served: once= and owner= are only for --source")
    secret_file = args.secret or address.secret
    secret = read_secret(secret_file) if secret_file else None
    if address.content == "pcm" and secret is not None:
        raise UsageError("raw sound has no handshake to check a secret: serve tcp:// or unix:// instead")
    return address, secret


def _serve(args: argparse.Namespace, address: Address, secret: bytes | None) -> None:
    """Serve until the sound ends.

    Raises:
        VoicetrailError: the microphone or the address cannot be opened, or the sound ended by an error.
    """
    from voicetrail.link.serving.server import LinkServer
    from voicetrail.remote.feeds import open_feed
    from voicetrail.remote.meter import Meter

    meter = Meter("")
    server = None
    try:
        feed = open_feed(args, words=args.words, on_level=meter.show, on_source_event=lambda event: meter.say(describe(event)))
        meter.name = feed.name

        def on_client(count: int) -> None:
            meter.note = f"{count} connected" if count else "nobody is connected yet"

        server = LinkServer(feed, address, secret=secret, on_client=on_client, on_problem=meter.say)
        on_client(0)
        server.start()
        meter.say(f"serving {feed.name} at {server.address}; ctrl+c ends it")
        if address.transport == "tcp" and secret is None:
            other = "unix:// instead of a port" if address.content == "pcm" else "--secret FILE"
            meter.say(f"every program of this user can listen; before you forward the port with `ssh -R`, use {other}")
        while not server.ended:
            time.sleep(POLL_S)
        if isinstance(server.failure, VoicetrailError):
            raise server.failure
        if server.failure is not None:
            raise AudioError(f"the sound ended: {printable(server.failure) or type(server.failure).__name__}")
    finally:
        if server is not None:
            server.close()
        meter.end()


def describe(event: SourceEvent) -> str:
    """Describe in one line what happened to the source."""
    from voicetrail.events import SourceBack, SourceDelayed, SourceLost

    if isinstance(event, SourceLost | SourceDelayed):
        return event.message
    return f"the sound {'is back' if isinstance(event, SourceBack) else 'has ended'}"
