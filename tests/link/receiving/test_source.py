from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from wyoming.audio import AudioStop
from wyoming.event import Event

from tests.link.peers import blocks, chunk, gather, peer, samples_of, start, tone
from voicetrail.audio.microphone_problem import ZEROS_S
from voicetrail.errors import AudioError
from voicetrail.events import AudioBlock, SourceBack, SourceDelayed, SourceEnded, SourceLost
from voicetrail.link.address import parse_address
from voicetrail.link.receiving.source import QUEUE_SAMPLES, NetworkSource, open_connection, open_fifo
from voicetrail.link.wire import HELLO, PROOF, PROTOCOL, SOURCE_STATE, EventDecoder, encode, proof


def hello(**changes: object) -> bytes:
    data = {"protocol": PROTOCOL, "content": "sound", "name": "desk", "nonce": "n", "secret": False} | changes
    return encode(Event(HELLO, data))


def stay(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def test_any_wyoming_microphone_works(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(start() + chunk() * 10)
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: samples_of(items) >= 3200)
        assert isinstance(items[0], SourceBack)
        first = blocks(items)[0]
        assert first.samples.dtype == np.float32
        assert np.array_equal((first.samples * 32768).astype("<i2").tobytes(), tone())
        assert first.captured == pytest.approx(time.monotonic(), abs=1)
        assert first.lost == 0


def test_raw_stereo_sound_of_another_rate_is_converted(tmp_path: Path) -> None:
    second = np.repeat(np.sin(np.arange(24_000) * 2 * np.pi * 440 / 48_000) * 16_000, 2).astype("<i2").tobytes()

    def play(connection: socket.socket) -> None:
        for at in range(0, len(second), 999):  # frames cut in the middle
            connection.sendall(second[at : at + 999])
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"pcm+unix://{path}?rate=48000&channels=2") as source:
        sound = np.concatenate([b.samples for b in blocks(gather(source, lambda items: samples_of(items) >= 7500))])
        pitch = np.argmax(np.abs(np.fft.rfft(sound[:7500]))) * 16_000 / 7500
        assert pitch == pytest.approx(440, abs=3)
        assert np.max(np.abs(sound)) == pytest.approx(16_000 / 32_768, abs=0.02)


def test_chunks_of_another_rate_are_resampled(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(chunk(tone(4410), rate=44_100) * 5)
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        gather(source, lambda items: 7000 < samples_of(items) <= 8000)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 20_000,
        b'{"type": "audio-chunk", "payload_length": 99999999}\n',
        chunk(rate=1),
        chunk(rate=10**9),
        chunk(width=4),
        chunk(channels=0),
        encode(Event("audio-chunk", {"rate": "fast", "width": 2, "channels": 1}, b"xx")),
        encode(Event("audio-chunk", {}, b"xx")),
        hello(protocol=PROTOCOL - 1),
        hello(content="words"),
        hello(secret=True),
    ],
)
def test_invalid_message_is_refused_and_the_source_reconnects(tmp_path: Path, sent: bytes) -> None:
    def bad(connection: socket.socket) -> None:
        connection.sendall(sent)
        stay(connection)

    def good(connection: socket.socket) -> None:
        connection.sendall(chunk())
        stay(connection)

    with peer(tmp_path / "s", bad, good) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: samples_of(items) > 0)
        assert isinstance(items[0], SourceLost)
        assert "sent something invalid" in items[0].message
        assert isinstance(items[-2], SourceBack)


def test_flooding_peer_is_bounded(tmp_path: Path) -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        piece = tone(16_000)
        while True:
            connection.sendall(piece)
            sent += len(piece)

    with peer(tmp_path / "s", flood) as path, open_connection(f"pcm+unix://{path}") as source:
        began = time.monotonic()
        items = gather(source, lambda _: time.monotonic() > began + 1.5)
        assert sent < 8_000_000, "it is made to wait"
        assert samples_of(items) < 16_000 * 4, "and is not given out much faster than it is spoken"
        assert source.lost > QUEUE_SAMPLES


def test_silent_peer_is_reported_without_blocking_the_game(tmp_path: Path) -> None:
    with peer(tmp_path / "s", stay) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceDelayed)
        began = time.monotonic()
        source.read(0.05)
        assert time.monotonic() - began < 2


def test_failed_connection_is_reported_once_and_retried(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with open_connection(f"unix://{path}") as source:
        items = gather(source, bool)
        assert isinstance(items[0], SourceLost)
        assert "nobody serves unix://" in items[0].message

        def play(connection: socket.socket) -> None:
            connection.sendall(chunk())
            stay(connection)

        with peer(path, play):
            items = gather(source, lambda items: samples_of(items) > 0)
            assert [type(item) for item in items] == [SourceBack, AudioBlock]


def test_late_sound_after_a_pause_is_dropped_and_counted(tmp_path: Path) -> None:
    resume = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.sendall(hello())
        began = time.monotonic()

        def now_ms() -> int:
            return 1_000_000 + round((time.monotonic() - began) * 1000)

        for _ in range(10):
            connection.sendall(chunk(stamp=now_ms()))
            time.sleep(0.02)
        paused = now_ms()
        resume.wait(5)
        connection.sendall(b"".join(chunk(stamp=stamp) for stamp in range(paused, now_ms(), 20)))  # 1.5 s at once
        while True:
            connection.sendall(chunk(stamp=now_ms()))
            time.sleep(0.02)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        gather(source, lambda items: len(blocks(items)) == 10)
        time.sleep(1.5 - 0.1)
        resume.set()
        items = gather(source, lambda items: len(blocks(items)) >= 20)
        assert isinstance(items[0], SourceDelayed)
        assert isinstance(items[1], SourceBack)
        lost = sum(block.lost for block in blocks(items))
        assert lost > 0.7 * 16_000
        late = [time.monotonic() - block.captured for block in blocks(items) if block.captured is not None]
        assert max(late) < 1.4


def test_paused_stream_without_timestamps_continues(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(tone())
        time.sleep(1.0)
        for _ in range(100):
            connection.sendall(tone())
            time.sleep(0.02)
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"pcm+unix://{path}") as source:
        items = gather(source, lambda items: len(blocks(items)) >= 20)
        assert sum(block.lost for block in blocks(items)) < 1.5 * 16_000


def test_stopped_wyoming_stream_restarts_without_a_delay(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(start() + chunk() + encode(AudioStop().event()))
        time.sleep(1.2)
        connection.sendall(start() + chunk())
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: len(blocks(items)) == 2)
        assert [type(item) for item in items] == [SourceBack, AudioBlock, AudioBlock]
        assert blocks(items)[1].lost == 0


def test_pings_measure_the_delay_of_the_connection(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(hello() + chunk(stamp=5000))
        decoder = EventDecoder()
        while data := connection.recv(4096):
            for event in decoder.feed(data):
                assert event.type == "ping"
                time.sleep(0.1)
                connection.sendall(encode(Event("pong", {"text": event.data["text"]})) + chunk(stamp=5100))

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        gather(source, lambda items: len(blocks(items)) >= 3)
        assert source.delay_s is not None
        assert 0.04 < source.delay_s < 2


def test_unplugged_remote_microphone_is_reported(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(
            hello() + chunk(stamp=1) + encode(Event(SOURCE_STATE, {"state": "lost", "message": "un\x1bplugged"}))
        )
        time.sleep(0.1)
        connection.sendall(encode(Event(SOURCE_STATE, {"state": "back"})) + chunk(stamp=150))
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: len(blocks(items)) == 2)
        assert [type(item) for item in items] == [SourceBack, AudioBlock, SourceLost, SourceBack, AudioBlock]
        assert isinstance(items[2], SourceLost)
        assert items[2].message == "un\N{REPLACEMENT CHARACTER}plugged"
        assert isinstance(items[3], SourceBack)
        assert items[3].name.startswith("desk over unix://")


def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_text("a secret of some length")
    return file


def test_sound_from_a_peer_without_the_secret_is_refused(tmp_path: Path) -> None:
    def impostor(connection: socket.socket) -> None:
        connection.sendall(hello(secret=True) + chunk(stamp=1))
        connection.recv(4096)
        connection.sendall(encode(Event(PROOF, {"proof": "0" * 64})) + chunk(stamp=2))
        stay(connection)

    def honest(connection: socket.socket) -> None:
        connection.sendall(hello(secret=True))
        (answer,) = EventDecoder().feed(connection.recv(4096))[:1]
        assert answer.data["proof"] == proof(b"a secret of some length", "game", answer.data["nonce"], "n")
        mine = proof(b"a secret of some length", "mic", "n", answer.data["nonce"])
        connection.sendall(encode(Event(PROOF, {"proof": mine})) + chunk(tone(100), stamp=3))
        stay(connection)

    file = secret_file(tmp_path)
    with peer(tmp_path / "s", impostor, honest) as path, open_connection(f"unix://{path}?secret={file}") as source:
        items = gather(source, lambda items: samples_of(items) > 0)
        assert isinstance(items[0], SourceLost)
        assert "wrong proof" in items[0].message
        assert samples_of(items) == 100


def test_one_time_socket_is_removed_after_use(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    with peer(tmp_path / "s", stay) as path:
        source = NetworkSource(parse_address(f"unix://{path}?secret={file}&once=1"))
        gather(source, bool)
        assert not file.exists()
        assert not Path(path).exists()
        source.close()


def test_fifo_is_read_to_its_end_without_loss(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = tone(80_000)
    threading.Thread(target=fifo.write_bytes, args=(data,), daemon=True).start()
    with open_fifo(str(fifo), paced=False) as source:
        items = gather(source, lambda items: isinstance(items[-1] if items else None, SourceEnded))
        assert samples_of(items) == 80_000
        assert source.read(0) is None


def test_a_fifo_of_the_game_waits_for_its_next_writer(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with open_fifo(str(fifo), paced=True) as source:
        for _ in range(2):
            fifo.write_bytes(tone(1600))
            items = gather(source, lambda items: samples_of(items) == 1600)
            gather(source, lambda items: any(isinstance(item, SourceLost) for item in items))
            assert isinstance(items[0], SourceBack)


def test_word_server_is_refused_as_a_sound_source() -> None:
    with pytest.raises(AudioError, match="sends words"):
        open_connection("words+tcp://127.0.0.1:1")


def test_closing_ends_the_thread_and_the_connection(tmp_path: Path) -> None:
    gone = threading.Event()

    def play(connection: socket.socket) -> None:
        stay(connection)
        gone.set()

    before = threading.active_count()
    files = len(os.listdir("/dev/fd"))
    with peer(tmp_path / "s", play) as path:
        source = open_connection(f"unix://{path}")
        gather(source, bool)
        began = time.monotonic()
        source.close()
        source.close()
        assert time.monotonic() - began < 2
        assert gone.wait(10)
        assert source.read(1) is None
    time.sleep(0.05)
    assert threading.active_count() == before
    assert len(os.listdir("/dev/fd")) == files


def test_later_protocol_version_gives_advice(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(json.dumps({"type": HELLO, "data": {"protocol": PROTOCOL + 1}}).encode() + b"\n")
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        (lost,) = gather(source, bool)
        assert isinstance(lost, SourceLost)
        assert "install the newer voicetrail here" in lost.message


def test_remote_microphone_of_only_zeros_is_reported(tmp_path: Path) -> None:
    zeros, seconds = bytes(32_000), round(ZEROS_S) + 1

    def play(connection: socket.socket) -> None:
        for _ in range(seconds):
            connection.sendall(chunk(zeros))
            time.sleep(0.01)
        time.sleep(0.2)
        connection.sendall(chunk())
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        items = gather(source, lambda items: any(isinstance(item, SourceDelayed) for item in items))
        muted = items[-1]
        assert isinstance(muted, SourceDelayed)
        assert "there is no sound at all" in muted.message
        gather(source, lambda items: any(isinstance(item, SourceBack) for item in items))


def test_slow_reader_drops_and_counts_sound(tmp_path: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(start() + chunk() * 20)
        time.sleep(0.3)
        connection.sendall(chunk() * 2)
        stay(connection)

    with peer(tmp_path / "s", play) as path, open_connection(f"unix://{path}") as source:
        first = gather(source, lambda items: bool(samples_of(items)))
        while source.waiting_s < 0.3:
            time.sleep(0.01)
        dropped = source.waiting_s
        source.drop_waiting()
        assert source.waiting_s == 0.0
        after = gather(source, lambda items: samples_of(items) >= 640)
        assert source.lost == round(dropped * 16_000)
        assert blocks(after)[0].lost == source.lost
        assert samples_of(first) + source.lost == 20 * 320
