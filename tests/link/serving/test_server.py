from __future__ import annotations

import io
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from wyoming.audio import AudioChunk
from wyoming.event import Event, read_event

from tests.link.feeding import Item, Steady
from tests.link.peers import blocks, gather, samples_of
from voicetrail.errors import AudioError, RemoteError
from voicetrail.events import AudioBlock, SourceBack, SourceLost
from voicetrail.link import owner
from voicetrail.link.address import parse_address
from voicetrail.link.receiving.source import open_connection
from voicetrail.link.serving import client
from voicetrail.link.serving.feeds import SoundFeed
from voicetrail.link.serving.server import CLIENTS, UNPROVEN, LinkServer
from voicetrail.link.wire import HELLO, EventDecoder, encode


@pytest.fixture
def microphone() -> Steady:
    return Steady()


@pytest.fixture
def server(tmp_path: Path, microphone: Steady) -> Iterator[LinkServer]:
    server = LinkServer(SoundFeed(microphone), parse_address(f"unix://{tmp_path}/mic"))
    server.start()
    yield server
    server.close()


def near(server: LinkServer) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(3)
    connection.connect(server.address.path)
    return connection


def read_events(connection: socket.socket, count: int) -> list[Event]:
    decoder, events = EventDecoder(), list[Event]()
    while len(events) < count:
        data = connection.recv(4096)
        if not data:
            break
        events += decoder.feed(data)
    return events


def test_no_block_waits_for_the_next_one(microphone: Steady) -> None:
    server = LinkServer(SoundFeed(microphone), parse_address("tcp://127.0.0.1:0"))
    server.start()
    with closing(server), open_connection(f"tcp://127.0.0.1:{server.port}") as source:
        gather(source, lambda items: samples_of(items) > 0)
        (served,) = server._clients
        assert served._writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_server_can_be_closed_before_it_serves(tmp_path: Path, microphone: Steady, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a program ends while it starts: the thread ends as it does later, and says nothing."""
    failed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    for number in range(30):
        server = LinkServer(SoundFeed(microphone), parse_address(f"unix://{tmp_path}/{number}"))
        server.start()
        server.close()
    assert failed == []
    assert not list(tmp_path.iterdir())


def ended(connection: socket.socket) -> bool:
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def test_game_receives_sound_with_its_capture_time(server: LinkServer) -> None:
    with open_connection(str(server.address)) as source:
        items = gather(source, lambda items: samples_of(items) > 8000)
        assert isinstance(items[0], SourceBack)
        assert items[0].name.startswith("desk microphone over unix://")
        last = blocks(items)[-1]
        assert last.captured is not None
        assert 0 <= time.monotonic() - last.captured < 2
        assert sum(block.lost for block in blocks(items)) == 0
        assert source.delay_s is not None
        assert source.delay_s < 1


def test_wyoming_clients_receive_sound_without_a_request(server: LinkServer) -> None:
    with near(server) as connection, connection.makefile("rb") as reader:
        assert isinstance(reader, io.BufferedReader)
        events = [read_event(reader) for _ in range(4)]
        assert [event.type for event in events if event] == [HELLO, "audio-start", "audio-chunk", "audio-chunk"]
        assert events[2] is not None
        assert AudioChunk.from_event(events[2]).samples == 320


def test_raw_sound_can_be_served(tmp_path: Path, microphone: Steady) -> None:
    server = LinkServer(SoundFeed(microphone), parse_address(f"pcm+unix://{tmp_path}/raw"))
    server.start()
    with open_connection(f"pcm+unix://{tmp_path}/raw") as source:
        gather(source, lambda items: samples_of(items) > 1600)
    server.close()


def test_socket_is_private_and_removed(server: LinkServer, microphone: Steady) -> None:
    path = Path(server.address.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server.close()
    assert not path.exists()
    assert microphone.closed.is_set()


def test_stale_socket_is_replaced_but_not_a_used_one(tmp_path: Path, server: LinkServer) -> None:
    with pytest.raises(RemoteError, match="served already"):
        LinkServer(SoundFeed(Steady()), server.address).start()
    stale = tmp_path / "stale"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(stale))
    second = LinkServer(SoundFeed(Steady()), parse_address(f"unix://{stale}"))
    second.start()
    second.close()
    assert not stale.exists()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("tcp://0.0.0.0:7000", "other machines"),
        ("tcp://10.1.2.3:7000", "other machines"),
        ("unix:///nowhere/at/all", "No such file"),
        ("unix:///etc/passwd", "not a socket"),
    ],
)
def test_unusable_and_forbidden_addresses_are_refused(spec: str, reason: str) -> None:
    with pytest.raises(RemoteError, match=reason):
        LinkServer(SoundFeed(Steady()), parse_address(spec)).start()


def test_connection_of_another_user_is_closed(server: LinkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "peer_owner", lambda connection: os.geteuid() + 4321)
    with near(server) as connection:
        assert read_events(connection, 1) == []


def test_misbehaving_client_is_disconnected_alone(server: LinkServer) -> None:
    with open_connection(str(server.address)) as source, near(server) as flooding, near(server) as raving:
        raving.sendall(b"\x00\x01 what?\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            ask_without_end(flooding)
        assert ended(raving)
        gather(source, lambda items: samples_of(items) > 4000)


def test_client_that_does_not_read_is_bounded(server: LinkServer) -> None:
    with near(server) as slow_reader, open_connection(str(server.address)) as source:
        slow_reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        items = gather(source, lambda items: samples_of(items) > 16_000)
        assert sum(block.lost for block in blocks(items)) == 0


def test_oldest_client_is_disconnected_at_the_limit(server: LinkServer) -> None:
    open_ones = [near(server) for _ in range(CLIENTS)]
    for connection in open_ones:
        read_events(connection, 1)
    with near(server) as further:
        assert read_events(further, 3)
        assert ended(open_ones[0])
        assert read_events(open_ones[1], 5)
    for connection in open_ones:
        connection.close()


def ask_without_end(connection: socket.socket) -> None:
    for _ in range(1000):
        connection.sendall(encode(Event("ping", {"text": "x" * 500})))
        time.sleep(0.001)


SECRET = b"a secret of some length"


@pytest.fixture
def guarded(tmp_path: Path, microphone: Steady, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkServer]:
    monkeypatch.setattr(client, "PROOF_TIME_S", 0.4)
    server = LinkServer(SoundFeed(microphone), parse_address("tcp://127.0.0.1:0"), secret=SECRET)
    server.start()
    yield server
    server.close()


def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(SECRET)
    return file


def test_client_with_the_secret_receives_sound(guarded: LinkServer, tmp_path: Path) -> None:
    with open_connection(f"tcp://127.0.0.1:{guarded.port}?secret={secret_file(tmp_path)}") as source:
        gather(source, lambda items: samples_of(items) > 1600)


@pytest.mark.parametrize("said", [b"", encode(Event("voicetrail-proof", {"nonce": "n", "proof": "0" * 64}))])
def test_client_without_the_secret_is_disconnected(guarded: LinkServer, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), 3) as connection:
        connection.sendall(said)
        events = read_events(connection, 5)
        assert [event.type for event in events] == [HELLO]
        # Before the proof nothing is said but what is needed for it.
        assert events[0].data.keys() == {"protocol", "nonce", "secret"}


def test_unproven_connections_are_closed_after_a_second(
    guarded: LinkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PROOF_TIME_S", 1.0)
    began = time.monotonic()
    held = [socket.create_connection(("127.0.0.1", guarded.port), 3) for _ in range(UNPROVEN + 8)]
    with open_connection(f"tcp://127.0.0.1:{guarded.port}?secret={secret_file(tmp_path)}") as source:
        items = gather(source, lambda items: samples_of(items) > 1600)
        assert isinstance(items[0], SourceBack)
        assert items[0].name.startswith("desk microphone over"), "the name comes with the proof"
        assert ended(held[-1])
        assert time.monotonic() - began < 3
    for connection in held:
        connection.close()


def test_proven_client_stays_connected(guarded: LinkServer, tmp_path: Path) -> None:
    with open_connection(f"tcp://127.0.0.1:{guarded.port}?secret={secret_file(tmp_path)}") as source:
        gather(source, lambda items: samples_of(items) > 0)
        for _ in range(3 * UNPROVEN):
            socket.create_connection(("127.0.0.1", guarded.port), 3).close()
        items = gather(source, lambda items: samples_of(items) > 8000)
        assert all(isinstance(item, AudioBlock) for item in items)


def test_a_wrong_secret_is_reported_in_the_game(guarded: LinkServer, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(b"another secret of length")
    with open_connection(f"tcp://127.0.0.1:{guarded.port}?secret={file}") as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceLost)


def test_unplugged_microphone_is_reported_to_later_clients_too(server: LinkServer, microphone: Steady) -> None:
    microphone.silent.set()
    microphone.events.append(SourceLost(0, "desk microphone was unplugged"))
    time.sleep(0.3)
    with open_connection(str(server.address)) as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceLost)
        assert items[0].message == "desk microphone was unplugged"
        microphone.silent.clear()
        microphone.events.append(SourceBack(0, "desk microphone"))
        gather(source, lambda items: samples_of(items) > 0)


def test_slow_client_gets_recent_sound_only(server: LinkServer) -> None:
    """An acknowledgment stops coming (the network stands still): what is on the way stays bounded."""
    with near(server) as connection:
        stamp = read_events(connection, 3)[2].data["timestamp"]
        connection.sendall(encode(Event("ping", {"text": "1", "received": stamp - 10_000})))
        time.sleep(0.2)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ended(connection)
        connection.settimeout(3)
        connection.sendall(encode(Event("ping", {"text": "1", "received": stamp + 200})))
        chunks = [event for event in read_events(connection, 3) if event.type == "audio-chunk"]
        assert chunks[0].data["lost"] > 1600


def test_twenty_connections_leave_no_resources(server: LinkServer) -> None:
    with near(server) as first:
        read_events(first, 1)
    time.sleep(0.1)
    files, threads = len(os.listdir("/dev/fd")), threading.active_count()
    for _ in range(20):
        with near(server) as connection:
            read_events(connection, 2)
    time.sleep(0.2)
    assert len(os.listdir("/dev/fd")) == files
    assert threading.active_count() == threads


HOSTILE = {
    "not a number": b'{"type":"ping","data":{"text":"x","received":NaN}}\n',
    "infinite": b'{"type":"ping","data":{"text":"x","received":-Infinity}}\n',
    "too large": b'{"type":"ping","data":{"text":"x","received":1' + b"0" * 400 + b"}}\n",
    "infinite float": b'{"type":"ping","data":{"text":"x","received":1e999}}\n',
    "half a character": b'{"type":"voicetrail-proof","data":{"nonce":"\\ud800","proof":"x"}}\n',
    "half a character in a proof": b'{"type":"voicetrail-proof","data":{"nonce":"x","proof":"\\ud800"}}\n',
    "deep": b'{"type":"ping","data":' + b"[" * 8000 + b"\n",
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("has_secret", [False, True])
def test_client_with_invalid_message_is_disconnected_with_one_line(
    tmp_path: Path, case: str, has_secret: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    address, secret = parse_address(f"unix://{tmp_path}/mic"), SECRET if has_secret else None
    server = LinkServer(SoundFeed(Steady()), address, secret=secret, on_problem=lines.append)
    server.start()
    with near(server) as connection:
        connection.sendall(HOSTILE[case])
        assert ended(connection)
    with near(server) as connection:
        assert read_events(connection, 1), "it serves the next one"
    server.close()
    (line,) = lines[:1]
    assert line.startswith("a client was disconnected: it sent ")
    assert "\n" not in line
    assert capfd.readouterr().err == ""


def test_unexpected_exception_ends_only_one_connection(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(SoundFeed):
        def received(self, event: Event) -> None:
            raise ZeroDivisionError("by accident")

    lines: list[str] = []
    server = LinkServer(Broken(Steady()), parse_address(f"unix://{tmp_path}/mic"), on_problem=lines.append)
    server.start()
    with open_connection(str(server.address)) as source, near(server) as connection:
        connection.sendall(encode(Event("describe")))
        assert ended(connection)
        gather(source, lambda items: samples_of(items) > 8000)
    server.close()
    assert lines == ["a client was disconnected (ZeroDivisionError: by accident)"]
    assert capfd.readouterr().err == ""


def test_a_source_that_fails_ends_the_server_without_a_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    class Damaged(Steady):
        def read(self, timeout: float) -> Item | None:
            raise AudioError("voice.flac is damaged at 3.0 s")

    server = LinkServer(SoundFeed(Damaged()), parse_address(f"unix://{tmp_path}/mic"))
    server.start()
    end = time.monotonic() + 3
    while not server.ended:
        assert time.monotonic() < end
        time.sleep(0.01)
    server.close()
    assert str(server.failure) == "voice.flac is damaged at 3.0 s"
    assert capfd.readouterr().err == ""


def test_reconnecting_client_does_not_flood_the_terminal(tmp_path: Path) -> None:
    lines: list[str] = []
    server = LinkServer(SoundFeed(Steady()), parse_address(f"unix://{tmp_path}/mic"), on_problem=lines.append)
    server.start()
    for _ in range(50):
        with near(server) as connection:
            connection.sendall(b"nonsense\n")
            ended(connection)
    server.close()
    assert 1 <= len(lines) <= 6


def test_another_users_socket_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "taken"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 4321)
    with pytest.raises(RemoteError, match="another user"):
        LinkServer(SoundFeed(Steady()), parse_address(f"unix://{path}")).start()
    assert path.exists()


def test_secret_is_required_if_the_owner_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "TABLES", (tmp_path / "tcp",))
    with pytest.raises(RemoteError, match="--secret"):
        LinkServer(SoundFeed(Steady()), parse_address("tcp://127.0.0.1:0")).start()
    server = LinkServer(SoundFeed(Steady()), parse_address("tcp://127.0.0.1:0"), secret=SECRET)
    server.start()
    with open_connection(f"tcp://127.0.0.1:{server.port}?secret={secret_file(tmp_path)}") as source:
        gather(source, lambda items: samples_of(items) > 0)
    server.close()
