"""Let others play on this machine over SSH. Each visitor gets a game, and nothing else.

Visitors run `ssh -p 2222 play@HOST` to play with keys, or `voicetrail ssh play@HOST -p 2222` to play by voice with their own
microphone. They get no shell and no access to files. docs/host.md explains what is guaranteed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicetrail import output
from voicetrail.errors import UsageError, VoicetrailError
from voicetrail.install import pip_command
from voicetrail.text import expanded_path, printable

if TYPE_CHECKING:
    from voicetrail.host.keys import HostKey, VisitorKeys
    from voicetrail.host_scores.address import DatabaseAddress
    from voicetrail.host_scores.writer import ScoresReport
    from voicetrail.visitors.event_log import EventLog
    from voicetrail.visitors.home import VisitorHomes
    from voicetrail.visitors.limits import VisitorLimits

DEFAULT_PORT = 2222
THREADS = 2
"""Threads for the work that asyncssh does outside the event loop."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail host``."""
    from voicetrail.host_scores import address
    from voicetrail.visitors.limits import add_limit_flags

    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        metavar="PORT",
        help=f"the port to listen on (default {DEFAULT_PORT}; 0 takes a free one)",
    )
    parser.add_argument(
        "--bind",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on; :: and 0.0.0.0 admit other machines (default 127.0.0.1)",
    )
    parser.add_argument("--host-key", metavar="FILE", help="the host's private key, created at the first start")
    parser.add_argument(
        "--authorized-keys",
        metavar="FILE",
        help="admit visitors with a key in this file; the comment of a key is the visitor's name",
    )
    parser.add_argument(
        "--guests",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="admit visitors without a key, by name (default: only without --authorized-keys)",
    )
    parser.add_argument(
        "--keep", metavar="FOLDER", help="keep the settings and recordings of visitors with a key in this folder"
    )
    parser.add_argument("--log", metavar="FILE", help="append a line for each event to this file (default: standard error)")
    parser.add_argument(
        "--name", metavar="NAME", default="", help="the name of this host in tables of scores (default: the machine's name)"
    )
    address.add_arguments(parser)
    parser.add_argument("--no-voice", action="store_true", help="load no recognizer: visitors play with keys")
    add_limit_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail host`` until a signal ends it."""
    from voicetrail.visitors.limits import limits_of

    limits = limits_of(args)
    if not 0 <= args.port <= 65_535:
        raise UsageError(f"--port cannot be {args.port}: it takes 0 to 65535")
    if args.guests is False and not args.authorized_keys:
        raise UsageError("--no-guests without --authorized-keys would let nobody in")
    _check_packages()
    from voicetrail.host.keys import default_host_key, load_host_key, read_visitor_keys
    from voicetrail.visitors.event_log import EventLog
    from voicetrail.visitors.home import VisitorHomes

    key = load_host_key(_path(args.host_key) or default_host_key())
    keys = None if args.authorized_keys is None else read_visitor_keys(expanded_path(args.authorized_keys))
    from voicetrail.host_scores.address import database_address

    database = database_address(args.database, args.database_file)
    log = EventLog(_path(args.log))
    try:
        with VisitorHomes(permanent_in=_path(args.keep)) as homes:
            return asyncio.run(_serve(args, limits, key, keys, homes, log, database))
    finally:
        log.close()


def _check_packages() -> None:
    from importlib.util import find_spec

    missing = [shown for name, shown in (("asyncssh", "asyncssh"), ("sqlalchemy", "SQLAlchemy")) if find_spec(name) is None]
    if missing:
        raise VoicetrailError(f"`voicetrail host` needs {' and '.join(missing)}: {pip_command('voicetrail[host]')}")


def _path(text: str | None) -> Path | None:
    return expanded_path(text) if text else None


async def _serve(
    args: argparse.Namespace,
    limits: VisitorLimits,
    key: HostKey,
    keys: VisitorKeys | None,
    homes: VisitorHomes,
    log: EventLog,
    database: DatabaseAddress,
) -> int:
    from voicetrail.commands.visit import PRELOADED
    from voicetrail.host.keys import fingerprint
    from voicetrail.host.server import HostServer
    from voicetrail.host.state import HostOptions
    from voicetrail.host_scores.address import default_folder
    from voicetrail.host_scores.shared_scores import SharedScores
    from voicetrail.recognizer_service import RecognizerService, ServiceReport
    from voicetrail.ui.terminal import save_bandwidth
    from voicetrail.visitors.preloaded import PreloadedGames

    def note(report: ServiceReport) -> None:
        log.write("recognizer", what=report.kind, visitor=report.visitor or None, text=report.text)

    def note_scores(report: ScoresReport) -> None:
        log.write("scores", what=report.state, count=report.count, text=report.text or None)

    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "voicetrail-host"))
    signals = asyncio.Queue[int]()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    scores = SharedScores(database, default_folder(), host=args.name, report=note_scores)
    recognizer = None if args.no_voice else RecognizerService(on_report=note)
    guests = keys is None if args.guests is None else args.guests
    # Textual reads these variables when it is imported; the screen of every visitor is at the other end of a connection.
    bandwidth: dict[str, str] = {}
    save_bandwidth(True, bandwidth)
    preloaded = PreloadedGames(PRELOADED, bandwidth)
    options: HostOptions = {"recognizer": recognizer, "keys": keys, "guests": guests, "scores": scores, "preloaded": preloaded}
    server = HostServer(key, limits, homes, log, **options)
    try:
        await preloaded.start()
        if recognizer is not None:
            output.write_error("loading recognizer…")
            await recognizer.start()
        await server.start(args.bind, args.port)
        # Imported modules stay for good; collecting garbage among them would delay every visitor.
        gc.collect()
        gc.freeze()
        log.write("listening", address=args.bind, port=server.port, key=fingerprint(key))
        _say_address(args.bind, server.port, fingerprint(key), guests=guests)
        await signals.get()
        log.write("closing", visitors=len(server.visitors))
        await _first_of(server.close(), signals.get())
    finally:
        await server.close(0)
        preloaded.close()
        log.write("closed")
    return 0


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of several, and cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _say_address(bind: str, port: int, fingerprint: str, *, guests: bool) -> None:
    """Say who can come in, and how."""
    from voicetrail.link.owner import is_loopback

    if not is_loopback(bind):
        who = "anybody" if guests else "everybody with a key in the file"
        output.note(f"other machines can reach this host, and {who} may play; the host's key is {fingerprint}")
    shown = "HOST" if bind in ("", "::", "0.0.0.0") else printable(bind)
    output.write_error(f"visitors play with: ssh -p {port} play@{shown}   (ctrl+c ends the host)")
