"""Access control: only programs of this user and root, told by the system; what it does not tell is refused."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicetrail.link import owner
from voicetrail.link.address import Address
from voicetrail.link.owner import connect, is_loopback, is_trusted, listener_owners, peer_owner, refusal

NEEDS_TABLES = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system does not tell whose a connection is")
MAPPED = "::ffff:127.0.0.1"
ANOTHER = 54_321
"""A user id that is neither this user's nor root's."""


def test_knows_the_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", MAPPED)))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "desk", "::ffff:10.0.0.1", "::")))


def test_trusts_this_user_and_root_only() -> None:
    assert is_trusted(os.geteuid())
    assert is_trusted(0)
    assert not is_trusted(ANOTHER)
    assert not is_trusted(None)


def pair(family: socket.AddressFamily, listen: str, connect_to: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(socket.AF_INET6 if ":" in listen else socket.AF_INET) as server:
        server.bind((listen, 0))
        server.listen()
        near = socket.socket(family)
        near.settimeout(3)
        near.connect((connect_to, server.getsockname()[1]))
        far, _ = server.accept()
        with near, far:
            yield near, far


@NEEDS_TABLES
@pytest.mark.parametrize(
    ("family", "listen", "connect_to"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "127.0.0.1", MAPPED),
        (socket.AF_INET, MAPPED, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0", "127.0.0.1"),
        (socket.AF_INET, "::", "127.0.0.1"),
    ],
)
def test_finds_the_user_at_either_end_of_a_tcp_connection(family: socket.AddressFamily, listen: str, connect_to: str) -> None:
    for near, far in pair(family, listen, connect_to):
        assert peer_owner(far) == peer_owner(near) == os.geteuid()
        assert set(listener_owners(near)) == {os.geteuid()}


@NEEDS_TABLES
def test_closed_peer_is_not_mistaken_for_root() -> None:
    """Linux lists a socket that nobody holds any more as root's."""
    for near, far in pair(socket.AF_INET, "127.0.0.1", "127.0.0.1"):
        near.sendall(b"mute")
        near.close()
        assert peer_owner(far) is None
        assert refusal(far) is not None


def test_finds_the_user_at_the_other_end_of_a_unix_connection() -> None:
    near, far = socket.socketpair()
    with near, far:
        assert peer_owner(near) == os.geteuid()


def test_a_client_of_another_user_or_of_an_unknown_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair()
    with near, far:
        for found, is_refused in ((os.geteuid(), False), (0, False), (None, True), (ANOTHER, True)):
            monkeypatch.setattr(owner, "peer_owner", lambda connection, found=found: found)
            assert (refusal(far) is not None) == is_refused, found


@pytest.mark.parametrize("owners", [[], [None], [ANOTHER], [os.geteuid(), ANOTHER], [os.geteuid(), None]])
def test_server_of_another_or_unknown_user_is_refused(
    owners: list[int | None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(owner, "listener_owners", lambda connection: owners)
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = Address("wyoming", "tcp", host="127.0.0.1", port=server.getsockname()[1])
        with pytest.raises(PermissionError, match="another user" if ANOTHER in owners else "use a secret"):
            connect(here, 1)
        # A secret proves more than the owner; and whoever says so takes anybody.
        connect(Address("wyoming", "tcp", host=here.host, port=here.port, secret="/s"), 1).close()
        connect(Address("wyoming", "tcp", host=here.host, port=here.port, any_owner=True), 1).close()


def test_nobody_is_trusted_without_proc_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(owner, "TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    assert not owner.knows_owners()
    for near, far in pair(socket.AF_INET, "127.0.0.1", "127.0.0.1"):
        assert peer_owner(far) is None
        assert listener_owners(near) == []
        assert refusal(far) is not None


def test_does_not_connect_to_what_is_not_a_socket(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(ConnectionRefusedError):
        connect(Address("wyoming", "unix", path=str(plain)), 1)
