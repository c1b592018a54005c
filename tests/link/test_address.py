from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from voicetrail.errors import AudioError
from voicetrail.link.address import (
    Address,
    connect,
    is_loopback,
    listener_owner,
    parse_address,
    peer_owner,
    read_secret,
    trusted,
)


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ("tcp://127.0.0.1:7000", Address("wyoming", "tcp", host="127.0.0.1", port=7000)),
        ("tcp://[::1]:7000", Address("wyoming", "tcp", host="::1", port=7000)),
        ("unix:///tmp/a.sock", Address("wyoming", "unix", path="/tmp/a.sock")),
        ("unix:///tmp/a%20b.sock?once=1", Address("wyoming", "unix", path="/tmp/a b.sock", once=True)),
        ("pcm+tcp://desk:7000?rate=48000&channels=2", Address("pcm", "tcp", host="desk", port=7000, rate=48_000, channels=2)),
        ("words+unix:///x?secret=/s", Address("words", "unix", path="/x", secret="/s")),
        ("pcm+unix:///x?owner=any", Address("pcm", "unix", path="/x", any_owner=True)),
    ],
)
def test_reads_an_address(spec: str, address: Address) -> None:
    assert parse_address(spec) == address


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("http://x:1", "no such kind of line"),
        ("tcp://x", "tcp://HOST:PORT"),
        ("tcp://:7000", "tcp://HOST:PORT"),
        ("tcp://x:99999", "no address"),
        ("tcp://x:y", "no address"),
        ("tcp://x:1/path", "tcp://HOST:PORT"),
        ("unix://relative", "starts with /"),
        ("unix://", "starts with /"),
        ("unix:///" + "a" * 104, "at most 103 bytes"),
        ("pcm+tcp://x:1?rate=1", "8000 to 192000"),
        ("pcm+tcp://x:1?rate=-16000", "8000 to 192000"),
        ("pcm+tcp://x:1?channels=9", "1 to 8"),
        ("pcm+tcp://x:1?rat=16000", "unknown option rat"),
        ("pcm+tcp://x:1?rate", "no address"),
        ("tcp://\x1b[2J:1", "no address"),
    ],
)
def test_says_what_is_wrong_with_an_address(spec: str, told: str) -> None:
    with pytest.raises(AudioError, match=r"^[^\x1b\n]*$") as caught:
        parse_address(spec)
    assert told in str(caught.value)


def test_knows_the_loopback() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "10.0.0.1", "desk")] == [
        *[True] * 4,
        *[False] * 3,
    ]


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_tells_the_user_at_the_other_end_of_a_tcp_connection(family: socket.AddressFamily, host: str) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("this system does not tell whose a TCP connection is")
    with (
        socket.create_server((host, 0), family=family) as server,
        socket.create_connection((host, server.getsockname()[1])) as near,
    ):
        far, _ = server.accept()
        with far:
            assert listener_owner(near) == peer_owner(far) == os.geteuid()


def test_tells_the_user_at_the_other_end_of_a_unix_connection() -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        pytest.skip("this system does not tell whose a connection is")
    near, far = socket.socketpair()
    with near, far:
        assert peer_owner(near) == os.geteuid()


def test_trusts_itself_root_and_the_unknown_only() -> None:
    assert trusted(os.geteuid())
    assert trusted(0)
    assert trusted(None)
    assert not trusted(os.geteuid() + 12345)


def test_does_not_connect_to_what_is_no_socket(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(ConnectionRefusedError):
        connect(Address("wyoming", "unix", path=str(plain)), 1)


def test_a_secret_is_long_enough_and_read_by_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with pytest.raises(AudioError, match="cannot read the secret"):
        read_secret(str(file))
    file.write_text("0123456789abcdef\n")
    file.chmod(0o640)
    with pytest.raises(AudioError, match="chmod 600"):
        read_secret(str(file))
    file.chmod(0o600)
    assert read_secret(str(file)) == b"0123456789abcdef"
    file.write_text("short")
    with pytest.raises(AudioError, match="too short"):
        read_secret(str(file))
