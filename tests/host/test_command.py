"""The command line of `voicetrail host`: what cannot work is one line."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest

from voicetrail.cli import main
from voicetrail.errors import RemoteError
from voicetrail.host.connection import plain
from voicetrail.host.server import listen


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--port", "70000"], "--port cannot be 70000"),
        (["--port", "x"], "invalid int value"),
        (["--no-guests"], "would let nobody in"),
        (["--visitors", "0"], "it takes 1 to 1000"),
        (["--idle", "-1"], "it takes 10 to 86400"),
        (["--authorized-keys", "missing"], "cannot read the keys"),
        (["--host-key", "folder"], "the host key"),
        (["--log", "folder"], "cannot write the log"),
        (["--no-voice", "--bind", "192.0.2.1"], "cannot listen on 192.0.2.1"),
        (["--no-voice", "--bind", "no such host\x1b[2J"], "cannot listen on no such host"),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(
    given: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert main(["host", *given]) in (1, 2)
    error = [line for line in capsys.readouterr().err.splitlines() if "closed" not in line]
    assert len(error) == 1
    assert said in error[0]
    assert error[0].isprintable()


@pytest.mark.parametrize("missing", ["asyncssh", "sqlalchemy"])
def test_without_what_it_needs_it_names_the_extra(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else real(name))
    assert main(["host"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert missing in said.lower()
    assert "'voicetrail[host]'" in said


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RemoteError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_the_wildcard_address_accepts_ipv4_too() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this system has no IPv6")
    with listen("::", 0) as listening, socket.create_connection(("127.0.0.1", listening.getsockname()[1]), 5):
        listening.setblocking(True)
        connection, peer = listening.accept()
        connection.close()
        assert plain(peer[0]) == "127.0.0.1"
    assert plain("2001:db8::1") == "2001:db8::1"
