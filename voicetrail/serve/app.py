"""The web server: the page with its files, its two WebSockets, start and shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import socket
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from voicetrail.errors import RemoteError
from voicetrail.link.owner import is_loopback
from voicetrail.serve.connections import Connections
from voicetrail.serve.guard import Access, guard
from voicetrail.serve.page_games import PageGames
from voicetrail.serve.sound import serve_sound
from voicetrail.serve.terminal import serve_terminal
from voicetrail.serve.texts import STATIC, page
from voicetrail.text import printable

KINDS = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
"""Media types of the page's files by suffix."""
FILES = (
    "page.css",
    "early.js",
    "page.js",
    "microphone.js",
    "sound-worker.js",
    "worklet.js",
    "resampler.js",
    "icon.svg",
    "xterm/xterm.mjs",
    "xterm/xterm.css",
    "xterm/addon-fit.mjs",
    "xterm/addon-webgl.mjs",
)
"""The files that are served. Requests are looked up in this list and never mapped to paths."""
IDLE_CONNECTION_S = 15.0
"""Time after which an idle connection is closed, in s."""
LINE_LIMIT, HEAD_LIMIT, BODY_LIMIT = 4096, 8190, 1024
"""Maximum size of a request line, of a header, and of a body, in bytes. No request needs a body."""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes
    """The body compressed with gzip."""
    kind: str
    tag: str


def make_app(page_games: PageGames, access: Access, connections: Connections | None = None) -> web.Application:
    """Create the web application.

    Args:
        page_games: the games of the pages.
        access: the rules for access to the page.
        connections: counts connections; notified when a request is complete.
    """
    connections = Connections() if connections is None else connections
    files = {f"/static/{name}": _read(name) for name in FILES}
    files["/"] = _file(page().encode(), "text/html")

    async def answer_file(request: web.Request) -> web.Response:
        found = files[request.path]
        if request.headers.get("If-None-Match") == found.tag:
            response = web.Response(status=304)
        else:
            packs = "gzip" in request.headers.get("Accept-Encoding", "")
            response = web.Response(body=found.packed if packs else found.body, content_type=found.kind, charset="utf-8")
            response.headers["Vary"] = "Accept-Encoding"
            if packs:
                response.headers["Content-Encoding"] = "gzip"
        response.headers["ETag"] = found.tag
        if access.token and request.path == "/":
            _remember(response, request, access)
        return response

    async def terminal(request: web.Request) -> web.StreamResponse:
        _need_upgrade(request)
        return await serve_terminal(request, page_games, visitor_address(request, access))

    async def microphone(request: web.Request) -> web.StreamResponse:
        _need_upgrade(request)
        return await serve_sound(request, page_games)

    app = web.Application(middlewares=[guard(access, connections.arrived)], client_max_size=BODY_LIMIT, logger=_quiet_log())
    for path in files:
        app.router.add_get(path, answer_file, allow_head=False)
    app.router.add_get("/terminal", terminal, allow_head=False)
    app.router.add_get("/microphone", microphone, allow_head=False)
    return app


def visitor_address(request: web.Request, access: Access) -> str:
    """Return the visitor's address: that of the connection, or the last one in the header of a reverse proxy on this machine."""
    address = request.remote or ""
    if access.names and is_loopback(address):
        named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return printable(named, 60) or address
    return address


class Server:
    """The running server.

    Args:
        page_games: the games of the pages.
        access: the rules for access to the page.
    """

    def __init__(self, page_games: PageGames, access: Access) -> None:
        self.page_games = page_games
        self.access = access
        self.connections = Connections()
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on a listening socket."""
        app = make_app(self.page_games, self.access, self.connections)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_quiet_log(),
            keepalive_timeout=IDLE_CONNECTION_S,
            lingering_time=1.0,
            max_line_size=LINE_LIMIT,
            max_field_size=HEAD_LIMIT,
            handler_cancellation=True,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        factory = self.connections.watch(self._runner.server)
        self._server = await asyncio.get_running_loop().create_server(factory, sock=listening)
        self.page_games.start()

    async def close(self) -> None:
        """End all games, and close all connections."""
        if self._server is not None:
            self._server.close()
        await self.page_games.close()
        if self._runner is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._runner.cleanup(), 5)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Raises:
        RemoteError: the address does not belong to this machine, or the port is in use.
    """
    shown = f"[{host}]" if ":" in host else host
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=64)
    except OSError as error:
        raise RemoteError(
            f"cannot listen on {printable(shown)}:{port}: {error.strerror or printable(error)}; choose another port with --port"
        ) from None


def _remember(response: web.Response, request: web.Request, access: Access) -> None:
    """Set a cookie with the token, which scripts cannot read and pages of other sites cannot use."""
    secure = request.headers.get("X-Forwarded-Proto", "") == "https"
    response.set_cookie(access.cookie, access.token, httponly=True, samesite="Strict", secure=secure, path="/")


def _need_upgrade(request: web.Request) -> None:
    if "websocket" not in request.headers.get("Upgrade", "").lower():
        raise web.HTTPNotFound


def _read(name: str) -> _File:
    return _file((STATIC / name).read_bytes(), KINDS[f".{name.rpartition('.')[2]}"])


def _file(body: bytes, kind: str) -> _File:
    return _File(body, gzip.compress(body, mtime=0), kind, f'"{sha256(body).hexdigest()[:32]}"')


def _quiet_log() -> logging.Logger:
    """Return a logger that prints nothing, so that requests cannot fill the terminal with tracebacks."""
    log = logging.getLogger("voicetrail.serve")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return log
