"""The address of a line: what ``--source`` and ``--serve`` take, and who may be at its other end."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from voicetrail.errors import AudioError
from voicetrail.text import printable

Content = Literal["wyoming", "pcm", "words"]

SCHEMES: dict[str, tuple[Content, Literal["tcp", "unix"]]] = {
    "tcp": ("wyoming", "tcp"),
    "unix": ("wyoming", "unix"),
    "pcm+tcp": ("pcm", "tcp"),
    "pcm+unix": ("pcm", "unix"),
    "words+tcp": ("words", "tcp"),
    "words+unix": ("words", "unix"),
}
"""``tcp://`` and ``unix://`` are Wyoming; ``pcm+…`` is raw 16-bit sound; ``words+…`` is what a recognizer elsewhere heard."""
RATES = (8_000, 192_000)
"""Samples a second that are taken (and resampled) from a line."""
CHANNELS = 8
SECRET_LIMIT = 4096
UNIX_PATH_LIMIT = 104
"""Bytes of a Unix socket's path, with its ending zero, that every system takes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a line is, and what comes over it."""

    content: Content
    transport: Literal["tcp", "unix", "fifo"]
    host: str = ""
    port: int = 0
    path: str = ""
    rate: int = 16_000
    """Samples a second, for raw sound."""
    channels: int = 1
    secret: str | None = None
    """File that holds the secret of the line."""
    once: bool = False
    """The address serves one game: its socket and secret are removed from the file system once they were used."""
    any_owner: bool = False
    """Take sound from a process of another user of this machine."""

    def __str__(self) -> str:
        if self.transport == "fifo":
            return printable(self.path)
        scheme = next(name for name, meant in SCHEMES.items() if meant == (self.content, self.transport))
        where = self.path if self.transport == "unix" else f"{self.host}:{self.port}"
        return printable(f"{scheme}://{where}")


def is_words(spec: str) -> bool:
    """Whether a source's name is the address of a line that words come over, in place of sound."""
    return spec.startswith("words+")


def parse_address(spec: str) -> Address:
    """Read an address: ``tcp://HOST:PORT`` or ``unix:///PATH``, also with ``pcm+`` or ``words+`` before it.

    After a ``?`` may stand ``rate=48000``, ``channels=2`` (raw sound), ``secret=FILE``, ``once=1``, ``owner=any``.

    Raises:
        AudioError: the address is none of these.
    """
    shown = printable(spec)
    try:
        parts = urlsplit(spec)
        port = parts.port
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError as error:
        raise AudioError(f"{shown}: no address ({printable(error)}); write tcp://HOST:PORT or unix:///PATH") from None
    if parts.scheme not in SCHEMES:
        raise AudioError(f"{shown}: no such kind of line; there are {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    content, transport = SCHEMES[parts.scheme]
    values = {key: given[-1] for key, given in options.items()}
    unknown = set(values) - {"rate", "channels", "secret", "once", "owner"}
    if unknown:
        raise AudioError(f"{shown}: unknown option {printable(', '.join(sorted(unknown)))}; see the README's section on lines")
    rate = _number(shown, values, "rate", 16_000, *RATES)
    channels = _number(shown, values, "channels", 1, 1, CHANNELS)
    path, host = unquote(parts.netloc + parts.path), parts.hostname or ""
    if transport == "tcp" and (not host or port is None or parts.path not in ("", "/")):
        raise AudioError(f"{shown}: an address of this kind is tcp://HOST:PORT")
    if transport == "unix":
        if not path.startswith("/"):
            raise AudioError(f"{shown}: the path of a Unix socket starts with /, so: unix:///run/user/…")
        if len(os.fsencode(path)) >= UNIX_PATH_LIMIT:
            raise AudioError(
                f"{shown}: the path of a Unix socket is at most {UNIX_PATH_LIMIT - 1} bytes long; take a shorter one"
            )
    return Address(
        content,
        transport,
        host=host if transport == "tcp" else "",
        port=port or 0,
        path=path if transport == "unix" else "",
        rate=rate,
        channels=channels,
        secret=values.get("secret"),
        once=values.get("once") == "1",
        any_owner=values.get("owner") == "any",
    )


def _number(shown: str, values: dict[str, str], key: str, default: int, low: int, high: int) -> int:
    text = values.get(key, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text[:12]) <= high:
        raise AudioError(f"{shown}: {key} has to be a number from {low} to {high}")
    return int(text)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_secret(file: str) -> bytes:
    """Read a line's secret.

    Raises:
        AudioError: the file is not there, empty, or others may read it.
    """
    shown = printable(file)
    try:
        with Path(file).open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            secret = stream.read(SECRET_LIMIT).strip()
    except OSError as error:
        raise AudioError(f"cannot read the secret in {shown}: {error.strerror}") from None
    if mode & 0o077:
        raise AudioError(f"other users may read the secret in {shown}: run `chmod 600 {shown}`")
    if len(secret) < 16:
        raise AudioError(f"the secret in {shown} is too short: make one with `openssl rand -hex 32 > {shown}`")
    return secret


def connect(address: Address, timeout: float) -> socket.socket:
    """Connect to an address.

    Raises:
        OSError: nobody listens there, or not in time.
        PermissionError: who listens there is another user of this machine (an ``OSError`` too).
    """
    if address.transport == "tcp":
        line = socket.create_connection((address.host, address.port), timeout)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        owner = None if address.secret else listener_owner(line)
    else:
        if not stat.S_ISSOCK(os.stat(address.path).st_mode):
            raise ConnectionRefusedError(f"{address} is no socket")
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(timeout)
        try:
            line.connect(address.path)
        except OSError:
            line.close()
            raise
        owner = peer_owner(line)
    if not address.any_owner and not trusted(owner):
        line.close()
        raise PermissionError(f"{address} belongs to another user of this machine")
    return line


def trusted(owner: int | None) -> bool:
    """Whether a process's user may be at the other end: this user, root, or unknown (another machine, another system)."""
    return owner is None or owner in (0, os.geteuid())


def peer_owner(line: socket.socket) -> int | None:
    """User id of the process at the other end of a connected socket on this machine; ``None`` where it cannot be told."""
    if line.family == socket.AF_UNIX:
        if not hasattr(socket, "SO_PEERCRED"):
            return None
        credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[1])
    return _tcp_owner(line.getpeername()[:2], line.getsockname()[:2])


def listener_owner(line: socket.socket) -> int | None:
    """User id of the process that listens at the other end of a TCP connection on this machine, ``None`` if unknown."""
    host, port = line.getpeername()[:2]
    if not is_loopback(host):
        return None
    for own_host in (host, "0.0.0.0", "::"):
        owner = _tcp_owner((own_host, port), None)
        if owner is not None:
            return owner
    return None


def _tcp_owner(local: tuple[str, int], remote: tuple[str, int] | None) -> int | None:
    """Look a TCP socket up in Linux's table of sockets; ``remote`` is ``None`` for one that listens."""
    table = Path("/proc/net/tcp6" if ":" in local[0] else "/proc/net/tcp")
    try:
        rows = table.read_text().splitlines()[1:]
    except OSError:
        return None
    wanted, other = _hexadecimal(local), remote and _hexadecimal(remote)
    for row in rows:
        fields = row.split()
        if fields[1] == wanted and (fields[3] == "0A" if other is None else fields[2] == other):
            return int(fields[7])
    return None


def _hexadecimal(end: tuple[str, int]) -> str:
    """Write an address as the table does: each 32-bit word of it in the machine's byte order."""
    packed = ipaddress.ip_address(end[0]).packed
    words = struct.unpack(f">{len(packed) // 4}I", packed)
    native = b"".join(struct.pack("=I", word) for word in words)
    return "".join(f"{word:08X}" for word in struct.unpack(f">{len(words)}I", native)) + f":{end[1]:04X}"
