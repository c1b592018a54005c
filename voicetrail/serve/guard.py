"""Decides which requests are answered: checks host, origin, token and owner of the connection, and sets security headers.

A page of another site can send requests to a server on this machine, and a name of its own that suddenly means 127.0.0.1 (DNS
rebinding) makes them look like its own. So every request has to name a host that this server is known by, and a request that comes
from a page has to come from a page of this server.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from voicetrail.link.owner import is_loopback, knows_owners, refusal
from voicetrail.serve.texts import short_page

TOKEN_LIMIT = 200
"""Maximum length of a token, in characters."""
HEADERS = {
    # Load everything only from this server. Inline styles are allowed, because xterm.js needs them, but inline scripts are not.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-cache",
}
"""Headers of every response."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Access:
    """The rules for access to the page."""

    port: int
    names: frozenset[str] = frozenset()
    """Host names of this server in addition to the loopback names, such as the name of a reverse proxy."""
    token: str = ""
    """Token that the page's address must contain; empty if only this machine can connect."""
    any_address: bool = False
    """Whether the host of a request can be an IP address, because the server does not listen on the loopback only. DNS
    rebinding cannot produce such a host."""

    @property
    def cookie(self) -> str:
        """Name of the cookie. Cookies are shared between ports, so the name contains the port."""
        return f"voicetrail-{self.port}"


def host_is_known(host: str, access: Access) -> bool:
    """Return whether a ``Host`` header has a name of this server."""
    name = host_name(host)
    if name is None:
        return False
    if name in access.names or is_loopback(name):
        return True
    return access.any_address and _is_address(name)


def host_name(host: str) -> str | None:
    """Return the name in a ``Host`` header, without the port; ``None`` for an invalid header."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    plain = not (parts.path or parts.query or parts.fragment or parts.username is not None)
    return parts.hostname if plain and host.isascii() else None


def origin_is_own(origin: str, host: str) -> bool:
    """Return whether an origin belongs to the host of the request."""
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and _with_port(rest, scheme) == _with_port(host, scheme)


def _with_port(host: str, scheme: str) -> tuple[str | None, int | None]:
    try:
        return host_name(host), urlsplit(f"//{host}").port or (443 if scheme == "https" else 80)
    except ValueError:
        return None, None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def token_is_right(given: str, access: Access) -> bool:
    """Compare a token in constant time."""
    return hmac.compare_digest(given[:TOKEN_LIMIT].encode("utf-8", "replace"), access.token.encode())


def guard(access: Access, arrived: Callable[[web.Request], None]) -> Middleware:
    """Create the middleware that checks every request.

    Args:
        access: the rules for access to the page.
        arrived: called with each request when its head is complete.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived(request)
        problem = await _problem(request, access)
        if problem is not None:
            status, text = problem
            response: web.StreamResponse = web.Response(status=status, text=short_page(text), content_type="text/html")
            response.headers["Connection"] = "close"
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = web.Response(status=error.status, text=short_page("not_found"), content_type="text/html")
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    return check


async def _problem(request: web.Request, access: Access) -> tuple[int, str] | None:
    """Return why a request is refused, as (status, name of a text); ``None`` if it is allowed."""
    if request.method != "GET":
        return 405, "not_found"
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not host_is_known(host, access):
        return 421, "wrong_host"
    if request.headers.get("Upgrade") is not None:
        # Browsers send the origin of a WebSocket; a client without one is not a page of this server.
        if origin is None or not origin_is_own(origin, host):
            return 403, "wrong_origin"
    elif origin is not None and not origin_is_own(origin, host):
        return 403, "wrong_origin"
    if access.token:
        given = request.query.get("token") or request.cookies.get(access.cookie, "")
        return None if token_is_right(given, access) else (403, "wrong_token")
    return await _owner_problem(request)


async def _owner_problem(request: web.Request) -> tuple[int, str] | None:
    """Without a token, refuse connections of other users of this machine, if the system can tell the owner of a connection."""
    connection = request.get_extra_info("socket")
    if connection is None or not knows_owners() or request.path not in ("/", "/terminal", "/microphone"):
        return None
    loop = asyncio.get_running_loop()
    return None if await loop.run_in_executor(None, refusal, connection) is None else (403, "wrong_owner")
