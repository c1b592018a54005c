"""The engine with real sockets: whom it takes, what it bears, what it leaves."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wyoming.event import Event as WireEvent

from tests.link.peers import chunk, start, tone
from tests.recognizer_service.games import (
    HELLO_SOUND,
    SOUND_EVENTS,
    SOUND_FIELDS,
    Game,
    Play,
    engine_with,
    private,
    run,
    serve,
    steady,
    until,
)
from voicetrail.errors import RemoteError, VoicetrailError
from voicetrail.link.receiving.remote_listener import RemoteListener
from voicetrail.link.wire import encode
from voicetrail.link.words import LOST, READY, SCORES, TUNE
from voicetrail.recognizer_service.engine import Engine
from voicetrail.recognizer_service.messages import VisitorSound
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.recognizer import Recognizer


@pytest.fixture(autouse=True)
def _quick_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.recognizer_service.connection.BACK_OFF_S", (0.02, 0.1))


def test_words_reach_the_visitors_game(recognizer: Recognizer, short_path: Path) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder, game = private(short_path, "1"), Game()
            spec = await engine.add("1", VisitorSound(folder, folder / "mic"))
            assert spec.startswith(f"words+unix://{folder}/words?")
            await game.connect(folder)
            await until(lambda: "has no microphone yet" in game.messages())
            server = await serve(folder / "mic", steady)
            await until(lambda: game.of(SCORES))
            assert game.of(READY)[0].data["gain"] is True
            assert "desk over your connection" in game.messages()
            assert str(folder) not in json.dumps([event.data for event in game.events])
            assert engine.status().with_sound == 1
            engine.remove("1")
            assert not (folder / "words").exists()
            server.close()
            await game.close()

    run(test())


@pytest.mark.parametrize("wrong", ["missing", "open", "link", "socket in an open folder"])
def test_folder_open_to_others_is_refused(recognizer: Recognizer, short_path: Path, wrong: str) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder = short_path / "v"
            sound = folder / "mic"
            if wrong in ("open", "link"):
                folder.mkdir(mode=0o755)
            if wrong == "link":
                (short_path / "real").mkdir(mode=0o700)
                folder.rmdir()
                folder.symlink_to(short_path / "real")
            if wrong.startswith("socket"):
                folder.mkdir(mode=0o700)
                (short_path / "public").mkdir(mode=0o755)
                sound = short_path / "public" / "mic"
            with pytest.raises(RemoteError):
                await engine.add("1", VisitorSound(folder, sound))
            assert engine.status().visitors == 0
            assert not (folder / "words").exists()

    run(test())


def test_unusable_weights_are_refused_with_a_message(short_path: Path) -> None:
    async def test() -> None:
        engine = Engine(asyncio.get_running_loop(), lambda report: None)
        with pytest.raises(VoicetrailError, match="nothing-of-that-name"):
            await engine.add("1", VisitorSound(private(short_path, "1"), weights="nothing-of-that-name"))
        engine.close()

    run(test())


async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET / HTTP/1.1\r\n\r\n" * 40)
    await writer.drain()


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As much sound as goes."""
    writer.write(HELLO_SOUND + start())
    for _ in range(100_000):
        writer.write(chunk(tone(height=0.2)) * 20)
        await writer.drain()


async def tiny_events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO_SOUND)
    for _ in range(100_000):
        writer.write(b'{"type":"x"}\n' * 1000)
        await writer.drain()


async def changing_formats(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO_SOUND)
    for at in range(100_000):
        writer.write(chunk(tone(), rate=8_000 + at % 90_000))
        await writer.drain()


@pytest.mark.parametrize("hostile", [rubbish, tiny_events, changing_formats])
def test_invalid_sound_disconnects_only_its_visitor_with_a_message(
    recognizer: Recognizer, short_path: Path, hostile: Play
) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, reports):
            bad, good = private(short_path, "bad"), private(short_path, "good")
            servers = [await serve(bad / "mic", hostile), await serve(good / "mic", steady)]
            await engine.add("bad", VisitorSound(bad, bad / "mic"))
            await engine.add("good", VisitorSound(good, good / "mic"))
            bads, goods = Game(), Game()
            await bads.connect(bad)
            await goods.connect(good)
            await until(lambda: [report for report in reports if report.kind == "cut off"])
            await until(lambda: "was cut off" in bads.messages())
            assert [report.visitor for report in reports if report.kind == "cut off"] == ["bad"]
            windows = engine.status().windows
            await until(lambda: engine.status().windows > windows + 25)
            assert not [event for event in goods.events if event.data.get("state") in ("lost", "delayed") and goods.of(SCORES)]
            for server in servers:
                server.close()
            await bads.close()
            await goods.close()

    run(test())


def test_flooding_visitor_is_limited_to_real_time(recognizer: Recognizer, short_path: Path) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder, seconds = private(short_path, "1"), 1.5
            server = await serve(folder / "mic", flood)
            await engine.add("1", VisitorSound(folder, folder / "mic"))
            await until(lambda: engine.status().windows)
            begun, before = time.monotonic(), engine.status().windows
            await asyncio.sleep(seconds)
            heard = (engine.status().windows - before) / 25
            # A second at once, and then at most half as fast again as it is spoken.
            assert heard <= 1.0 + 1.5 * (time.monotonic() - begun) + 0.2
            assert engine.status().waiting_s <= 1.1
            server.close()

    run(test())


def test_misbehaving_game_is_disconnected_and_the_next_one_served(recognizer: Recognizer, short_path: Path) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, reports):
            folder = private(short_path, "1")
            await engine.add("1", VisitorSound(folder))
            for data in (
                b"\xff" * 9000,
                encode(WireEvent(TUNE, {"threshold": 7})),
                encode(WireEvent("vt-gain", {"gain": 900})),
            ):
                game = Game()
                await game.connect(folder)
                await until(lambda game=game: game.of(READY))  # type: ignore[misc]
                game.writer.write(data)
                await until(lambda game=game: game.reader.at_eof())  # type: ignore[misc]
                await game.close()
            assert [report.kind for report in reports] == ["client"] * 3
            last = Game()
            await last.connect(folder)
            await until(lambda: last.of(READY) and "no microphone" in last.messages())
            await last.close()

    run(test())


def test_third_game_of_a_visitor_replaces_the_first(recognizer: Recognizer, short_path: Path) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder, games = private(short_path, "1"), [Game() for _ in range(3)]
            await engine.add("1", VisitorSound(folder))
            for game in games:
                await game.connect(folder)
                await until(lambda game=game: game.of(READY))  # type: ignore[misc]
            await until(games[0].reader.at_eof)
            assert not games[2].reader.at_eof()
            for game in games:
                await game.close()

    run(test())


def test_twenty_visits_leave_no_resources(recognizer: Recognizer, short_path: Path) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder = private(short_path, "1")
            server = await serve(folder / "mic", steady)
            descriptors = 0
            for at in range(21):
                await engine.add("1", VisitorSound(folder, folder / "mic"))
                await until(lambda: engine.status().with_sound)
                engine.remove("1")
                await asyncio.sleep(0.05)
                if at == 0:
                    descriptors = len(os.listdir("/proc/self/fd"))
            assert len(os.listdir("/proc/self/fd")) <= descriptors + 1
            assert engine.status().visitors == 0
            server.close()

    run(test())


EVENT = st.sampled_from([*SOUND_EVENTS, "x"])
VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
DATA = st.dictionaries(st.sampled_from(SOUND_FIELDS), VALUE, max_size=5)
MESSAGE = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda kind, data, payload: encode(WireEvent(kind, data, payload or None)), EVENT, DATA, st.binary(max_size=400)),
    st.just(HELLO_SOUND),
    st.just(chunk()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(MESSAGE, max_size=30))
def test_engine_survives_arbitrary_input(recognizer: Recognizer, messages: list[bytes]) -> None:
    """Through the real receiving code, without waiting: every message is handed on as if it had come over the socket."""

    async def test(folder: Path) -> None:
        async with engine_with(recognizer) as (engine, _):
            made = private(folder, "1")
            await engine.add("1", VisitorSound(made, made / "mic"))
            server = await serve(made / "mic", lambda reader, writer: say(writer, messages))
            await asyncio.sleep(0.05)
            assert engine.status().visitors == 1
            server.close()

    async def say(writer: asyncio.StreamWriter, messages: list[bytes]) -> None:
        for message in messages:
            writer.write(message)
        await writer.drain()
        await asyncio.sleep(0.02)

    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        asyncio.run(asyncio.wait_for(test(Path(folder)), 20))


def test_lost_sound_is_counted(recognizer: Recognizer, short_path: Path) -> None:
    async def gap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO_SOUND + start())
        for at in range(200):
            event = WireEvent("audio-chunk", {"rate": 16_000, "width": 2, "channels": 1}, tone(height=0.2))
            if at == 20:
                event.data["lost"] = 640
            writer.write(encode(event))
            await asyncio.sleep(0.02)

    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder, game = private(short_path, "1"), Game()
            server = await serve(folder / "mic", gap)
            await engine.add("1", VisitorSound(folder, folder / "mic"))
            await game.connect(folder)
            await until(lambda: game.of(LOST))
            assert game.of(LOST)[0].data["n"] >= 640
            assert engine.status().lost["1"] >= 640
            server.close()
            await game.close()

    run(test())


def test_scores_are_dropped_before_words(recognizer: Recognizer, short_path: Path) -> None:
    """An overload stops the charts of all; what was heard is still sent, and the players read why words may come late."""

    async def test() -> None:
        async with engine_with(recognizer) as (engine, reports):
            folder, game = private(short_path, "1"), Game()
            server = await serve(folder / "mic", steady)
            await engine.add("1", VisitorSound(folder, folder / "mic"))
            await game.connect(folder)
            await until(lambda: game.of(SCORES))
            overload = vars(engine)["_overload"]
            overload.level = 3
            vars(type(engine))["_degrade"](engine)
            await until(lambda: "busy" in game.messages())
            scores = len(game.of(SCORES))
            await asyncio.sleep(1.2)
            assert len(game.of(SCORES)) <= scores + 1
            await until(lambda: reports[-1].text == "in time again")
            await until(lambda: game.events[-1].type == SCORES or "desk" in str(game.events[-1].data))
            server.close()
            await game.close()

    run(test())


def test_settings_of_a_game_are_sent_again_after_an_interruption(recognizer: Recognizer, short_path: Path) -> None:
    async def test() -> None:
        async with engine_with(recognizer) as (engine, _):
            folder, other = private(short_path, "1"), private(short_path, "2")
            game = RemoteListener(await engine.add("1", VisitorSound(folder)))
            await engine.add("2", VisitorSound(other))
            events = threading.Thread(target=lambda: list(game.events()), daemon=True)
            events.start()
            try:
                await until(lambda: game.recognizer is not None)
                game.apply_gain(-12.0)
                game.apply_settings(DetectorSettings(threshold=0.9))
                game.muted = True
                await until(lambda: state_of(engine, "1") == (-12.0, 0.9, True))
                engine.remove("1")
                await engine.add("1", VisitorSound(folder))
                await until(lambda: state_of(engine, "1") == (-12.0, 0.9, True))
                assert state_of(engine, "2") == (0.0, recognizer.detector.threshold, False)
            finally:
                game.stop()
                await asyncio.to_thread(events.join, 5)

    run(test())


def state_of(engine: Engine, name: str) -> tuple[float, float, bool]:
    """Gain, threshold, and whether words are held back."""
    listener = vars(vars(engine)["_guests"][name].visitor)["_listener"]
    return listener.gain.gain_db, listener.detector.settings.threshold, listener.muted
