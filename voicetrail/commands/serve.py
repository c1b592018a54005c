"""Serve the game as a web page, with the browser's microphone.

By default, only this machine can open the page, at http://127.0.0.1:8000. With --bind, --name or --token others can open it, at an
address that contains a token. Browsers allow the microphone only on pages from the same machine or over https; docs/serve.md shows
how to set up a reverse proxy.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError, VoicetrailError
from voicetrail.install import pip_command
from voicetrail.text import printable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from voicetrail.recognizer_service import ServiceReport
    from voicetrail.serve.guard import Access
    from voicetrail.visitors.event_log import EventLog
    from voicetrail.visitors.limits import VisitorLimits

VISITORS = 8
"""Most games at once, by default."""
OWN_LIMITS = {"idle_s": 86_400.0, "total_s": 7 * 86_400.0, "closing_s": 0.0, "recordings_mb": 1000.0}
"""Default limits without a token: the pages are those of the user who started the server, so they may stay open and record."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail serve``."""
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="the port (default: 8000; 0 takes a free one)")
    parser.add_argument(
        "--bind", default="127.0.0.1", metavar="ADDRESS", help="listen on this address, so that other machines can connect"
    )
    parser.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="the host name under which a reverse proxy serves this page"
    )
    parser.add_argument("--token", action="store_true", help="require a token on this machine too, because it has other users")
    parser.add_argument("--token-file", metavar="FILE", help="read the token from this file, instead of making a new one")
    parser.add_argument("--log", metavar="FILE", help="append a line for each event to this file")
    from voicetrail.visitors.limits import add_limit_flags

    add_limit_flags(parser)
    parser.set_defaults(visitors=VISITORS, per_address=VISITORS, **dict.fromkeys(OWN_LIMITS))


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail serve``."""
    if find_spec("aiohttp") is None:
        raise VoicetrailError(f"`voicetrail serve` needs aiohttp: {pip_command('voicetrail[serve]')}")
    from voicetrail.link.address import read_secret
    from voicetrail.link.owner import is_loopback
    from voicetrail.serve.app import listen
    from voicetrail.serve.guard import Access, host_name
    from voicetrail.visitors.limits import VisitorLimits, limits_of

    if not 0 <= args.port <= 65535:
        raise UsageError(f"--port cannot be {args.port}: it takes 0 to 65535")
    names = frozenset(filter(None, map(host_name, args.name)))
    if len(names) < len(set(args.name)):
        raise UsageError("--name takes a host name, such as play.example.org")
    host = "127.0.0.1" if args.bind == "localhost" else args.bind
    is_open = not is_loopback(host) or bool(names) or args.token or args.token_file is not None
    token = ""
    if is_open:
        token = read_secret(args.token_file).decode("utf-8", "replace") if args.token_file else secrets.token_urlsafe(24)
    usual = VisitorLimits()
    for limit, own in OWN_LIMITS.items():
        if getattr(args, limit) is None:
            setattr(args, limit, getattr(usual, limit) if is_open else own)
    limits = limits_of(args)
    listening = listen(host, args.port)
    access = Access(listening.getsockname()[1], names, token, any_address=not is_loopback(host))
    try:
        return asyncio.run(_serve(listening, access, limits, args.log, lambda: _say(args, host, access)))
    finally:
        listening.close()


def _say(args: argparse.Namespace, host: str, access: Access) -> None:
    """Print the address of the page, and who can open it."""
    from voicetrail.link.owner import is_loopback

    query = f"/?token={access.token}" if access.token else ""
    for name in sorted(access.names):
        output.write_line(
            f"the game is at https://{printable(name)}{query} once a reverse proxy forwards it to port {access.port}"
        )
    if host in ("0.0.0.0", "::"):
        output.write_line(f"the game is at http://ADDRESS:{access.port}{query} (ADDRESS: any address of this machine)")
    else:
        output.write_line(f"the game is at http://{f'[{host}]' if ':' in host else host}:{access.port}{query}")
    if not is_loopback(host):
        output.write_error(
            "voicetrail: other machines can reach this page over http, which is not encrypted; everybody who has the "
            "address can play. "
            "Browsers allow no microphone without https; docs/serve.md shows how to set up a reverse proxy"
        )
    output.write_line("ctrl+c ends the server")


def _report(log: EventLog | None, report: ServiceReport) -> None:
    if log is not None:
        log.write("recognizer", kind=report.kind, text=report.text, visitor=report.visitor or None)


async def _serve(
    listening: socket.socket, access: Access, limits: VisitorLimits, log_path: str | None, say: Callable[[], None]
) -> int:
    from pathlib import Path

    from voicetrail.recognizer_service import RecognizerService
    from voicetrail.serve.app import Server
    from voicetrail.serve.games import Games
    from voicetrail.serve.page_games import PageGames
    from voicetrail.visitors.admission import Admission
    from voicetrail.visitors.event_log import EventLog

    ended, number = asyncio.Event(), [signal.SIGTERM]

    def end(given: signal.Signals) -> None:
        number[0] = given
        ended.set()

    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, end, each)
    log = EventLog(Path(log_path)) if log_path else None
    is_open = bool(access.token)
    recognizer = RecognizerService(on_report=lambda report: _report(log, report))
    starting = asyncio.create_task(recognizer.start())  # pages need not wait for it
    games = Games(limits, private=is_open, recognizer=recognizer, on_report=lambda report: _report(log, report))
    page_games = PageGames(games, Admission(limits), log)
    server = Server(page_games, access)
    try:
        await server.start(listening)
        say()
        waits = {starting, asyncio.create_task(ended.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            games.recognizing.set()
        await ended.wait()
    finally:
        starting.cancel()
        await server.close()
        await recognizer.close()
        if log is not None:
            log.close()
    return 130 if number[0] == signal.SIGINT else 0
