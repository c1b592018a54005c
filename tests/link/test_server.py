from __future__ import annotations

import io
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wyoming.audio import AudioChunk
from wyoming.event import Event, read_event

from tests.link.feeding import Steady
from tests.link.peers import blocks, gather, samples_of
from voicetrail.errors import RemoteError
from voicetrail.events import SourceBack, SourceLost
from voicetrail.link import server as server_module
from voicetrail.link.address import parse_address
from voicetrail.link.server import CLIENTS, LinkServer
from voicetrail.link.sound_feed import SoundFeed
from voicetrail.link.source import open_line
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


def ended(connection: socket.socket) -> bool:
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def test_the_game_hears_the_microphone_with_the_time_of_capture(server: LinkServer) -> None:
    with open_line(str(server.address)) as source:
        items = gather(source, lambda items: samples_of(items) > 8000)
        assert isinstance(items[0], SourceBack)
        assert items[0].name.startswith("desk microphone over unix://")
        last = blocks(items)[-1]
        assert last.captured is not None
        assert 0 <= time.monotonic() - last.captured < 0.15
        assert sum(block.lost for block in blocks(items)) == 0
        assert source.delay_s is not None
        assert source.delay_s < 0.06


def test_other_wyoming_programs_hear_it_without_a_word(server: LinkServer) -> None:
    with near(server) as connection, connection.makefile("rb") as reader:
        assert isinstance(reader, io.BufferedReader)
        events = [read_event(reader) for _ in range(4)]
        assert [event.type for event in events if event] == [HELLO, "audio-start", "audio-chunk", "audio-chunk"]
        assert events[2] is not None
        assert AudioChunk.from_event(events[2]).samples == 320


def test_raw_sound_can_be_served(tmp_path: Path, microphone: Steady) -> None:
    server = LinkServer(SoundFeed(microphone), parse_address(f"pcm+unix://{tmp_path}/raw"))
    server.start()
    with open_line(f"pcm+unix://{tmp_path}/raw") as source:
        gather(source, lambda items: samples_of(items) > 1600)
    server.close()


def test_the_socket_is_the_users_own_and_is_removed(server: LinkServer, microphone: Steady) -> None:
    path = Path(server.address.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server.close()
    assert not path.exists()
    assert microphone.closed.is_set()


def test_a_socket_left_behind_is_taken_over_but_not_one_in_use(tmp_path: Path, server: LinkServer) -> None:
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
    ("spec", "told"),
    [
        ("tcp://0.0.0.0:7000", "other machines"),
        ("tcp://10.1.2.3:7000", "other machines"),
        ("unix:///nowhere/at/all", "No such file"),
        ("unix:///etc/passwd", "no socket"),
    ],
)
def test_refuses_where_it_cannot_or_must_not_listen(spec: str, told: str) -> None:
    with pytest.raises(RemoteError, match=told):
        LinkServer(SoundFeed(Steady()), parse_address(spec)).start()


def test_another_users_connection_is_closed_unheard(server: LinkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "peer_owner", lambda connection: os.geteuid() + 4321)
    with near(server) as connection:
        assert read_events(connection, 1) == []


def test_who_asks_too_much_or_nonsense_is_dropped_and_the_others_hear_on(server: LinkServer) -> None:
    with open_line(str(server.address)) as source, near(server) as flooding, near(server) as raving:
        raving.sendall(b"\x00\x01 what?\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            ask_without_end(flooding)
        assert ended(raving)
        gather(source, lambda items: samples_of(items) > 4000)


def test_who_does_not_read_is_bounded_and_costs_the_others_nothing(server: LinkServer) -> None:
    with near(server) as deaf, open_line(str(server.address)) as source:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        items = gather(source, lambda items: samples_of(items) > 16_000)
        assert sum(block.lost for block in blocks(items)) == 0


def test_more_connections_than_are_taken_are_closed(server: LinkServer) -> None:
    open_ones = [near(server) for _ in range(CLIENTS)]
    for connection in open_ones:
        read_events(connection, 1)
    with near(server) as further:
        assert read_events(further, 1) == []
    open_ones.pop().close()
    time.sleep(0.1)
    with near(server) as again:
        assert read_events(again, 1)
    for connection in open_ones:
        connection.close()


def ask_without_end(connection: socket.socket) -> None:
    for _ in range(1000):
        connection.sendall(encode(Event("ping", {"text": "x" * 500})))
        time.sleep(0.001)


SECRET = b"a secret of some length"


@pytest.fixture
def guarded(tmp_path: Path, microphone: Steady, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkServer]:
    monkeypatch.setattr(server_module, "PROVE_WITHIN", 0.4)
    server = LinkServer(SoundFeed(microphone), parse_address("tcp://127.0.0.1:0"), secret=SECRET)
    server.start()
    yield server
    server.close()


def test_who_knows_the_secret_hears(guarded: LinkServer, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(SECRET)
    with open_line(f"tcp://127.0.0.1:{guarded.port}?secret={file}") as source:
        gather(source, lambda items: samples_of(items) > 1600)


@pytest.mark.parametrize("said", [b"", encode(Event("voicetrail-proof", {"nonce": "n", "proof": "0" * 64}))])
def test_who_does_not_know_the_secret_hears_nothing_and_is_dropped(guarded: LinkServer, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), 3) as connection:
        connection.sendall(said)
        events = read_events(connection, 5)
        assert [event.type for event in events] == [HELLO]


def test_a_wrong_secret_is_told_in_the_game(guarded: LinkServer, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(b"another secret of length")
    with open_line(f"tcp://127.0.0.1:{guarded.port}?secret={file}") as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceLost)


def test_a_microphone_that_is_pulled_out_is_told_also_to_who_comes_later(server: LinkServer, microphone: Steady) -> None:
    microphone.silent.set()
    microphone.news.append(SourceLost(0, "desk microphone was unplugged"))
    time.sleep(0.3)
    with open_line(str(server.address)) as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceLost)
        assert items[0].message == "desk microphone was unplugged"
        microphone.silent.clear()
        microphone.news.append(SourceBack(0, "desk microphone"))
        gather(source, lambda items: samples_of(items) > 0)


def test_a_listener_that_falls_behind_gets_no_more_than_it_can_use_and_then_hears_on(server: LinkServer) -> None:
    """An acknowledgement stops coming (the network stands still): what is on the way stays bounded."""
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


def test_twenty_connections_leave_nothing_behind(server: LinkServer) -> None:
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
