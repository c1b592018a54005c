from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from voicetrail.errors import AudioError
from voicetrail.link.address import Address, parse_address, read_secret, remove_own_socket


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
    ("spec", "reason"),
    [
        ("http://x:1", "no such kind of address"),
        ("tcp://x", "tcp://HOST:PORT"),
        ("tcp://:7000", "tcp://HOST:PORT"),
        ("tcp://x:99999", "not an address"),
        ("tcp://x:y", "not an address"),
        ("tcp://x:1/path", "tcp://HOST:PORT"),
        ("unix://relative", "starts with /"),
        ("unix://", "starts with /"),
        ("unix:///" + "a" * 104, "at most 103 bytes"),
        ("pcm+tcp://x:1?rate=1", "8000 to 192000"),
        ("pcm+tcp://x:1?rate=-16000", "8000 to 192000"),
        ("pcm+tcp://x:1?channels=9", "1 to 8"),
        ("pcm+tcp://x:1?rat=16000", "unknown option rat"),
        ("pcm+tcp://x:1?rate", "not an address"),
        ("pcm+tcp://x:1?secret=/s", "no handshake"),
        ("tcp://\x1b[2J:1", "not an address"),
    ],
)
def test_invalid_address_is_explained(spec: str, reason: str) -> None:
    with pytest.raises(AudioError, match=r"^[^\x1b\n]*$") as caught:
        parse_address(spec)
    assert reason in str(caught.value)


def test_secret_is_long_and_private(tmp_path: Path) -> None:
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


def test_a_secret_is_in_a_regular_file_of_this_user(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(AudioError, match="regular file"):
        read_secret(str(tmp_path / "fifo"))


def test_only_a_socket_of_this_user_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, link, path = tmp_path / "plain", tmp_path / "link", tmp_path / "socket"
    plain.write_text("a drawing")
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(path))
    link.symlink_to(path)
    for kept in (plain, link, tmp_path, tmp_path / "nothing"):
        remove_own_socket(str(kept))
    assert plain.read_text() == "a drawing"
    assert link.is_symlink()
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: os.getuid() + 4321)
        remove_own_socket(str(path))
    assert path.exists()
    remove_own_socket(str(path))
    assert not path.exists()


def test_an_ipv6_address_is_shown_as_it_is_written() -> None:
    assert str(parse_address("tcp://[::1]:7000")) == "tcp://[::1]:7000"
