"""Let others play on this machine over ssh: each visitor gets a game, and nothing else.

`ssh play@thishost -p 2222` plays by keys, `voicetrail ssh play@thishost -p 2222` with the visitor's own microphone. Visitors get no
shell and no file of this machine; docs/host.md says what is promised.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError, VoicetrailError
from voicetrail.install import pip_command
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.host.server import HostServer

DEFAULT_PORT = 2222


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail host``."""
    from voicetrail.visitors.limits import add_limit_flags

    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, metavar="PORT", help=f"where to listen (default {DEFAULT_PORT})"
    )
    parser.add_argument(
        "--bind",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen at; :: and 0.0.0.0 let other machines in (default 127.0.0.1)",
    )
    parser.add_argument("--host-key", metavar="FILE", help="the host's private key, made at the first start")
    parser.add_argument(
        "--authorized-keys",
        metavar="FILE",
        help="let in whoever has a key of this file; the comment of a key is the visitor's name",
    )
    parser.add_argument(
        "--guests",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="let in whoever gives a name (default: only where there is no file of keys)",
    )
    parser.add_argument("--keep", metavar="FOLDER", help="keep settings and recordings of visitors with a key in this folder")
    parser.add_argument("--log", metavar="FILE", help="append a line for each event to this file (default: the standard error)")
    parser.add_argument("--no-voice", action="store_true", help="load no recognizer: visitors play by keys")
    add_limit_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    from voicetrail.visitors.limits import limits_of

    limits = limits_of(args)
    if not 0 <= args.port <= 65_535:
        raise UsageError(f"--port cannot be {args.port}: it takes 0 to 65535")
    if args.guests is False and not args.authorized_keys:
        raise UsageError("--no-guests without --authorized-keys would let nobody in")
    try:
        import asyncssh
    except ImportError:
        raise VoicetrailError(f"`voicetrail host` needs asyncssh: {pip_command('host')}") from None
    del asyncssh
    from voicetrail.host.keys import default_host_key, load_host_key, read_visitor_keys
    from voicetrail.visitors.event_log import EventLog
    from voicetrail.visitors.home import VisitorHomes

    key = load_host_key(Path(args.host_key).expanduser() if args.host_key else default_host_key())
    keys = read_visitor_keys(Path(args.authorized_keys).expanduser()) if args.authorized_keys else None
    log = EventLog(Path(args.log).expanduser() if args.log else None)
    kept = Path(args.keep).expanduser() if args.keep else None
    try:
        with VisitorHomes(kept_in=kept) as homes:

            def make() -> HostServer:
                from voicetrail.host.server import HostServer

                guests = keys is None if args.guests is None else args.guests
                return HostServer(limits, key, homes, log, None, keys=keys, guests=guests)

            return asyncio.run(_serve(make, args))
    finally:
        log.close()


async def _serve(make: Callable[[], HostServer], args: argparse.Namespace) -> int:
    from voicetrail.host.keys import fingerprint

    server = make()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    at_once = asyncio.Event()

    def end() -> None:
        (at_once if ended.is_set() else ended).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await server.start(args.bind, args.port)
    server.log.write("listening", address=args.bind, port=server.port, key=fingerprint(server.host_key))
    output.write_error(f"visitors play with: ssh -p {server.port} play@{printable(args.bind)}   (ctrl+c ends this)")
    await ended.wait()
    server.log.write("closing", visitors=len(server.visitors))
    closing = loop.create_task(server.close())
    quickly = loop.create_task(at_once.wait())
    await asyncio.wait((closing, quickly), return_when=asyncio.FIRST_COMPLETED)
    if not closing.done():
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await server.close(0)
    quickly.cancel()
    server.log.write("closed")
    return 0
