"""Access control on one machine: which user runs the program at the other end of a connection.

The rule is the same at both ends: only this user and root are allowed, and an unknown owner counts as another user. On TCP the
owner is looked up in Linux's socket tables. Where there are none (other systems, some containers), or the socket is not found,
a connection without a secret is refused.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from voicetrail.link.address import Address

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux's tables of TCP sockets. An IPv4 connection is in the second one if its program used an IPv6 socket for it."""
LISTENING = "0A"
"""State of a listening socket in these tables (include/net/tcp_states.h)."""
LOCAL_PEERCRED = 1
"""Option of a Unix socket on macOS and the BSDs (sys/un.h, level 0), where there is no ``SO_PEERCRED``."""
XUCRED_BYTES = 76
"""Size of its value, ``struct xucred``: version, user id, groups."""

End = tuple[str, int]
"""Host and port of one end of a TCP connection."""


def connect(address: Address, timeout: float) -> socket.socket:
    """Connect to an address, if its owner may be trusted.

    Args:
        address: where to; with a secret, a TCP owner is not asked for (the handshake proves more).
        timeout: seconds.

    Raises:
        OSError: nobody listens there, or not in time.
        PermissionError: another user of this machine listens there, or the system does not say who does (an ``OSError`` too).
    """
    if address.transport == "tcp":
        connection = socket.create_connection((address.host, address.port), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        if not stat.S_ISSOCK(os.stat(address.path).st_mode):
            raise ConnectionRefusedError(f"{address} is not a socket")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
    try:
        if address.transport == "unix":
            connection.connect(address.path)
        _check_listener(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_listener(connection: socket.socket, address: Address) -> None:
    """Refuse to connect to a server of another user of this machine.

    A program on another machine is accepted: access to that address is controlled there.
    """
    if address.any_owner:
        return
    if address.transport == "unix":
        owners = [peer_owner(connection)]
    elif address.secret is not None or not _on_this_machine(connection):
        return
    else:
        owners = listener_owners(connection)
    if any(owner is not None and not is_trusted(owner) for owner in owners):
        raise PermissionError(f"{address} belongs to another user of this machine")
    if not owners or None in owners:
        raise PermissionError(
            f"this system does not say which user serves {address}: use a secret at both ends (?secret=FILE), or a unix:// address"
        )


def refusal(connection: socket.socket) -> str | None:
    """Explain why a client that has just connected, and has no secret to prove, is refused; ``None`` where it is not.

    Takes a few ms on TCP, since the system's socket table is read.
    """
    try:
        owner = peer_owner(connection)
    except OSError:
        owner = None
    if owner is None:
        return "a connection was refused: the system does not say which user it belongs to"
    return None if is_trusted(owner) else f"a connection of another user (id {owner}) was refused"


def knows_owners() -> bool:
    """Whether this system says which user a TCP connection belongs to."""
    return any(os.access(table, os.R_OK) for table in TABLES)


def is_trusted(owner: int | None) -> bool:
    """Whether a program of this user may be at the other end: this user and root; not one that is unknown."""
    return owner is not None and owner in (0, os.geteuid())


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own loopback, also written as an IPv6 address."""
    if host == "localhost":
        return True
    try:
        return plain_address(host).is_loopback
    except ValueError:
        return False


def peer_owner(connection: socket.socket) -> int | None:
    """User id of the program at the other end of a connected socket on this machine; ``None`` where the system does not say."""
    if connection.family == socket.AF_UNIX:
        return _unix_owner(connection)
    client, server = connection.getpeername()[:2], connection.getsockname()[:2]
    owners = {owner for local, remote, _, owner in _rows() if local in _written(client) and remote in _written(server)}
    return owners.pop() if len(owners) == 1 else None


def listener_owners(connection: socket.socket) -> list[int | None]:
    """User ids of all listeners at the other end of a TCP connection on this machine; they may listen on any address."""
    host, port = connection.getpeername()[:2]
    ends = {end for each in (host, "0.0.0.0", "::") for end in _written((each, port))}
    return [owner for local, _, state, owner in _rows() if state == LISTENING and local in ends]


def _on_this_machine(connection: socket.socket) -> bool:
    """Whether the other end is on this machine: on the loopback, or at this end's own address."""
    other, own = connection.getpeername()[0], connection.getsockname()[0]
    return is_loopback(other) or plain_address(other) == plain_address(own)


def _unix_owner(connection: socket.socket) -> int | None:
    try:
        if hasattr(socket, "SO_PEERCRED"):
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", credentials)[1])
        return int(struct.unpack_from("2I", connection.getsockopt(0, LOCAL_PEERCRED, XUCRED_BYTES))[1])
    except (OSError, struct.error):
        return None


def _rows() -> Iterable[tuple[str, str, str, int]]:
    """Local end, remote end, state and owner of each TCP socket that a program holds.

    A socket that no program holds any more (closed with data in flight) or yet (not accepted) is listed as root's with inode 0.
    It belongs to nobody and is left out.
    """
    for table in TABLES:
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if len(fields) > 9 and fields[9] != "0":
                yield fields[1], fields[2], fields[3], int(fields[7])


def _written(end: End) -> set[str]:
    """Write one end as the tables do: each 32-bit word of the address in the machine's byte order. An IPv4 address in both ways."""
    address, port = plain_address(end[0]), end[1]
    forms = [address.packed]
    if address.version == 4:
        forms.append(bytes(10) + b"\xff\xff" + address.packed)
    return {_hexadecimal(packed) + f":{port:04X}" for packed in forms}


def _hexadecimal(packed: bytes) -> str:
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))


def plain_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address; an IPv4 address inside an IPv6 one (``::ffff:127.0.0.1``) as IPv4.

    Raises:
        ValueError: it is not an address.
    """
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped
