"""A peer that lies: whatever it sends ends its connection at most, and the source or the listener connects again."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest
from wyoming.event import Event

from tests.clocks import Clock
from tests.link.peers import blocks, chunk, gather, peer, samples_of, start
from voicetrail.audio.decoding import pcm
from voicetrail.errors import AudioError
from voicetrail.events import Ready, SourceBack, SourceDelayed, SourceLost, WordHeard
from voicetrail.link.receiving import connection as connection_module
from voicetrail.link.receiving.lateness import WORD_WAIT_LIMIT_S
from voicetrail.link.receiving.remote_listener import EVENTS_WAITING, LATE_WORD_S, WORDS_IN_HAND, RemoteListener
from voicetrail.link.receiving.source import NetworkSource, open_connection
from voicetrail.link.wire import HELLO, PROTOCOL, SOURCE_STATE, EventDecoder, encode
from voicetrail.spotting.detector import DetectorSettings

LABELS = ["up", "down", "_unknown_", "_background_noise_"]


def hello(content: str = "sound") -> bytes:
    return encode(Event(HELLO, {"protocol": PROTOCOL, "content": content, "name": "x", "nonce": "n", "secret": False}))


def stamped(stamp: str) -> bytes:
    header = (
        f'{{"type":"audio-chunk","data":{{"rate":16000,"width":2,"channels":1,"timestamp":{stamp}}},"payload_length":640}}\n'
    )
    return header.encode() + bytes(640)


def stay(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


SENT = {
    "NaN": hello() + start() + stamped("NaN"),
    "Infinity": hello() + start() + stamped("Infinity"),
    "-Infinity": hello() + start() + stamped("-Infinity"),
    "10^400": hello() + start() + stamped("1" + "0" * 400),
    "1e999": hello() + start() + stamped("1e999"),
    "1e308": hello() + start() + stamped("1e308"),
    "10^200": hello() + start() + stamped("1" + "0" * 200),
    "a stamp that is text": hello() + start() + stamped('"now"'),
    "surrogate name": b'{"type":"voicetrail-hello","data":{"protocol":1,"content":"sound","name":"\\ud800","nonce":"n"}}\n',
    "surrogate type": b'{"type":"\\udfff"}\n',
    "surrogate key": b'{"type":"x","data":{"\\ud800":1}}\n',
    "a pong without text": hello() + b'{"type":"pong","data":{"text":[1]}}\n',
    "a state that is a number": hello() + b'{"type":"voicetrail-source","data":{"state":3}}\n',
    "a second hello": hello() + hello(),
    "lost that is text": hello() + b'{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1,"lost":"x"}}\n',
    "not UTF-8": b'{"type":"\xff\xfe"}\n',
}


@pytest.mark.parametrize("case", SENT)
def test_hostile_peer_is_reported_in_one_line_and_reconnected(
    tmp_path: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    def bad(connection: socket.socket) -> None:
        connection.sendall(SENT[case])
        stay(connection)

    def good(connection: socket.socket) -> None:
        connection.sendall(hello() + chunk(stamp=1))
        stay(connection)

    with peer(tmp_path / "s", bad, good) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: samples_of(items) > 0)
        (lost,) = [item for item in items if isinstance(item, SourceLost)]
        assert "sent something invalid" in lost.message
        assert lost.message.isprintable()
    assert capfd.readouterr().err == ""


def test_unexpected_exception_is_reported_and_the_source_reconnects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    failing = threading.Event()
    failing.set()
    convert = pcm.PcmConverter.convert

    def sometimes(self: pcm.PcmConverter, data: bytes) -> pcm.Sound:
        if failing.is_set():
            failing.clear()
            raise ZeroDivisionError("by accident")
        return convert(self, data)

    monkeypatch.setattr(pcm.PcmConverter, "convert", sometimes)

    def play(connection: socket.socket) -> None:
        connection.sendall(chunk())
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: samples_of(items) > 0)
        assert isinstance(items[0], SourceLost)
        assert "failed (ZeroDivisionError: by accident); trying again" in items[0].message
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["tiny", "formats", "states"])
def test_flood_of_events_is_bounded_and_closing_is_fast(tmp_path: Path, kind: str) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(hello())
        count = 0
        while True:
            count += 1
            if kind == "tiny":
                connection.sendall(b'{"type":"x"}\n' * 1000)
            elif kind == "formats":
                connection.sendall(chunk(rate=8000 + count % 1000, channels=1 + count % 8))
            else:
                connection.sendall(encode(Event(SOURCE_STATE, {"state": ("lost", "back", "delayed")[count % 3]})))

    with peer(tmp_path / "s", flood) as path:
        source = open_connection(f"unix://{path}")
        began = time.monotonic()
        items = gather(
            source, lambda items: time.monotonic() > began + 1 and any(isinstance(item, SourceLost) for item in items), 30
        )
        assert any(isinstance(item, SourceLost) for item in items)
        assert len(items) - len(blocks(items)) < 200
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < 5


def test_closing_does_not_wait_for_an_unresponsive_host(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, leave = threading.Event(), threading.Event()

    def hang(address: object, timeout: float) -> socket.socket:
        waiting.set()
        leave.wait(30)
        raise TimeoutError

    monkeypatch.setattr(connection_module, "connect", hang)
    source = open_connection("tcp://192.0.2.1:7000")
    assert waiting.wait(20)
    began = time.monotonic()
    source.close()
    assert time.monotonic() - began < 5
    leave.set()


def ready() -> bytes:
    data = {"labels": LABELS, "source": "desk", "weights": "w", "hash": "h", "detector": DetectorSettings().to_dict()}
    return encode(Event("vt-ready", data))


def word(time_: int = 1, clock_ms: int | None = None) -> bytes:
    return encode(Event("vt-heard", {"t": time_, "w": "up", "p": 90, "c": clock_ms}))


def test_flood_of_words_is_bounded_and_closing_is_fast(tmp_path: Path) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(hello("words") + ready())
        while True:
            connection.sendall(word() * 500)

    with peer(tmp_path / "s", flood) as path:
        listener = RemoteListener(f"words+unix://{path}")
        stream = listener.events()
        began = time.monotonic()
        words = lost = 0
        while time.monotonic() < began + 1.5:
            event = next(stream)
            words += isinstance(event, WordHeard)
            lost += isinstance(event, SourceLost)
        assert lost > 0, "who sends more than anybody can say is disconnected"
        assert words <= WORDS_IN_HAND + 25 * 2 + EVENTS_WAITING
        began = time.monotonic()
        listener.stop()
        for _ in stream:
            pass
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("together", [True, False])
def test_a_late_word_moves_nothing(tmp_path: Path, together: bool) -> None:
    """It waited on its way, by its sender's clock, longer than a player would still expect it; the player can read that."""
    late_ms = round((WORD_WAIT_LIMIT_S + 1) * 1000)
    clock = Clock()
    words = [word(100, 50_000), word(200, 50_000 - late_ms), word(300, 50_000)]  # the second was captured three seconds before

    def play(connection: socket.socket) -> None:
        connection.sendall(hello("words") + ready())
        for each in [b"".join(words)] if together else words:
            connection.sendall(each)
            time.sleep(0.05)  # the listener most likely reads them one by one, and looks at its state between two
        stay(connection)

    with peer(tmp_path / "s", play) as path:
        listener = RemoteListener(f"words+unix://{path}", clock=clock)
        stream = listener.events()
        events = [next(stream)]
        while not (isinstance(events[-1], WordHeard) and events[-1].time == 300):
            events.append(next(stream))
        first, heard, delayed, heard_later = events
        assert isinstance(first, Ready)
        assert [event.time for event in (heard, heard_later) if isinstance(event, WordHeard)] == [100, 300]
        assert isinstance(delayed, SourceDelayed)
        assert "a word came 3 s late and was ignored" in delayed.message
        clock.now += LATE_WORD_S
        assert next(stream) == SourceBack(300, f"desk over words+unix://{path}")
        listener.stop()


def test_nothing_is_sent_to_an_unproven_recognizer(tmp_path: Path) -> None:
    got: list[str] = []

    def impostor(connection: socket.socket) -> None:
        connection.sendall(encode(Event(HELLO, {"protocol": PROTOCOL, "nonce": "n", "secret": True})))
        decoder = EventDecoder()
        while data := connection.recv(4096):
            got.extend(event.type for event in decoder.feed(data))

    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_text("a secret of some length")
    with peer(tmp_path / "s", impostor) as path:
        listener = RemoteListener(f"words+unix://{path}?secret={file}")
        end = time.monotonic() + 5
        while not got and time.monotonic() < end:
            time.sleep(0.01)
        listener.muted = True
        listener.apply_settings(DetectorSettings())
        time.sleep(0.3)
        listener.stop()
        assert not list(listener.events())
    assert got == ["voicetrail-proof"]


def test_unrequested_secret_is_an_error(tmp_path: Path) -> None:
    """Whoever named a secret must not be served by somebody who asks for none."""

    def play(connection: socket.socket) -> None:
        connection.sendall(hello() + chunk(stamp=1))
        stay(connection)

    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_text("a secret of some length")
    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}?secret={file}") as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceLost)
        assert "no request for the secret" in items[0].message


def test_raw_sound_cannot_have_a_secret() -> None:
    with pytest.raises(AudioError, match="no handshake"):
        open_connection("pcm+tcp://127.0.0.1:1?secret=/s")


@pytest.mark.parametrize("what", ["a file", "a link to a file"])
def test_other_file_at_a_one_time_address_is_kept(tmp_path: Path, what: str) -> None:
    path, kept = tmp_path / "s", tmp_path / "drawing"
    kept.write_text(json.dumps({"kept": True}))
    path.symlink_to(kept) if "link" in what else kept.rename(path)
    source = open_connection(f"unix://{path}?once=1")
    assert isinstance(gather(source, bool)[0], SourceLost)
    source.close()
    assert json.loads(path.read_text()) == {"kept": True}


def test_a_source_that_was_closed_before_it_connected_stays_closed(tmp_path: Path) -> None:
    source: NetworkSource = open_connection(f"unix://{tmp_path}/none")
    source.close()
    assert source.read(0.1) is None
    assert not isinstance(source.read(0), SourceBack)
