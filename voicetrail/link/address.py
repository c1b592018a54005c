"""Network addresses: what ``--source`` and ``--serve`` accept, and the files that belong to one (socket, secret)."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from voicetrail.errors import AudioError, reason_of
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
"""``tcp://`` and ``unix://`` are Wyoming; ``pcm+…`` is raw 16-bit sound; ``words+…`` is what a remote recognizer detects."""
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 192_000
"""Sample rates that are accepted (and resampled)."""
MOST_CHANNELS = 8
TITLE_LIMIT = 60
"""Characters of an address's title."""
SECRET_LEAST_BYTES, SECRET_LIMIT = 16, 4096
"""Fewest and most bytes of a secret."""
UNIX_PATH_LIMIT = 104
"""Longest path of a Unix socket that every system accepts, in bytes with the terminating zero."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection goes, and what comes over it."""

    content: Content
    transport: Literal["tcp", "unix", "fifo"]
    host: str = ""
    port: int = 0
    path: str = ""
    rate: int = 16_000
    """Samples a second, for raw sound."""
    channels: int = 1
    secret: str | None = None
    """File with the secret that both ends must know."""
    once: bool = False
    """The address serves one game: its socket and secret file are removed once they have been used."""
    any_owner: bool = False
    """Also connect to what another user of this machine serves."""
    title: str = ""
    """What messages call it, in place of the address: whom a host serves should not read the host's paths."""

    def __str__(self) -> str:
        if self.title:
            return printable(self.title)
        if self.transport == "fifo":
            return printable(self.path)
        scheme = next(name for name, meant in SCHEMES.items() if meant == (self.content, self.transport))
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = self.path if self.transport == "unix" else f"{host}:{self.port}"
        return printable(f"{scheme}://{where}")


def is_words(spec: str) -> bool:
    """Whether a source is the address of a remote recognizer, which sends words instead of sound."""
    return spec.startswith("words+")


def parse_address(spec: str) -> Address:
    """Read an address: ``tcp://HOST:PORT`` or ``unix:///PATH``, also with ``pcm+`` or ``words+`` before it.

    After a ``?`` there may be ``rate=48000``, ``channels=2`` (raw sound), ``secret=FILE``, ``once=1``, ``owner=any``,
    ``title=NAME`` (what messages call it).

    Raises:
        AudioError: the address is none of these.
    """
    shown = printable(spec)
    try:
        parts = urlsplit(spec)
        port = parts.port
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError as error:
        raise AudioError(f"{shown}: not an address ({printable(error)}); write tcp://HOST:PORT or unix:///PATH") from None
    if parts.scheme not in SCHEMES:
        raise AudioError(f"{shown}: no such kind of address; it can be {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    content, transport = SCHEMES[parts.scheme]
    values = {key: given[-1] for key, given in options.items()}
    unknown = set(values) - {"rate", "channels", "secret", "once", "owner", "title"}
    if unknown:
        raise AudioError(f"{shown}: unknown option {printable(', '.join(sorted(unknown)))}; docs/wire.md lists the options")
    if content == "pcm" and "secret" in values:
        raise AudioError(f"{shown}: raw sound has no handshake to check a secret; use {transport}:// with a secret")
    rate = _number(shown, values, "rate", 16_000, LOWEST_RATE_HZ, HIGHEST_RATE_HZ)
    channels = _number(shown, values, "channels", 1, 1, MOST_CHANNELS)
    path, host = unquote(parts.netloc + parts.path), parts.hostname or ""
    if transport == "tcp" and (not host or port is None or parts.path not in ("", "/")):
        raise AudioError(f"{shown}: write this kind of address as tcp://HOST:PORT")
    if transport == "unix":
        if "\0" in path:
            raise AudioError(f"{shown}: a path cannot contain a zero byte")
        if not path.startswith("/"):
            raise AudioError(f"{shown}: the path of a Unix socket starts with /, for example unix:///run/user/…")
        if len(os.fsencode(path)) >= UNIX_PATH_LIMIT:
            raise AudioError(
                f"{shown}: the path of a Unix socket is at most {UNIX_PATH_LIMIT - 1} bytes long; use a shorter one"
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
        title=printable(values.get("title", ""), TITLE_LIMIT),
    )


def _number(shown: str, values: dict[str, str], key: str, default: int, low: int, high: int) -> int:
    text = values.get(key, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text[:12]) <= high:
        raise AudioError(f"{shown}: {key} must be a number from {low} to {high}")
    return int(text)


def read_secret(file: str) -> bytes:
    """Read the secret of an address.

    Raises:
        AudioError: the file is missing, not a regular file, empty, or readable by other users.
    """
    shown = printable(file)
    try:
        # Non-blocking: opening a FIFO here would never return.
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            found = os.fstat(stream.fileno())
            secret = stream.read(SECRET_LIMIT).strip() if stat.S_ISREG(found.st_mode) else b""
    except (OSError, ValueError) as error:
        raise AudioError(f"cannot read the secret in {shown}: {reason_of(error)}") from None
    if not stat.S_ISREG(found.st_mode):
        raise AudioError(f"the secret in {shown} is not in a regular file")
    if found.st_uid not in (0, os.geteuid()):
        raise AudioError(f"the secret in {shown} belongs to another user: make your own with `openssl rand -hex 32`")
    if found.st_mode & 0o077:
        raise AudioError(f"other users may read the secret in {shown}: run `chmod 600 {shown}`")
    if len(secret) < SECRET_LEAST_BYTES:
        raise AudioError(f"the secret in {shown} is too short: make one with `openssl rand -hex 32 > {shown}`")
    return secret


def take_secret(address: Address) -> bytes | None:
    """Read the secret that an address names, if it names one; that of an address that serves once is removed.

    Raises:
        AudioError: as ``read_secret``.
    """
    if address.secret is None:
        return None
    secret = read_secret(address.secret)
    if address.once:
        with suppress(OSError):
            Path(address.secret).unlink()
    return secret


def remove_own_socket(path: str) -> None:
    """Remove a Unix socket, if it is one and belongs to this user; leave everything else."""
    with suppress(OSError):
        found = os.lstat(path)
        if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid():
            os.unlink(path)
