"""The sound of a page as a source of its game: age, delay, lost samples, states."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from tests.serve.conftest import Running, serving, until
from voicetrail.events import AudioBlock, SourceBack, SourceEvent, SourceLost
from voicetrail.link.receiving.remote_listener import RemoteListener
from voicetrail.link.receiving.source import NetworkSource, open_connection
from voicetrail.recognizer_service import RecognizerService, VisitorSound
from voicetrail.serve.sound_format import CHUNK_SAMPLES, Chunk, encode_chunk

TONE = (10_000 * np.sin(2 * np.pi * 1000 * np.arange(CHUNK_SAMPLES) / 16_000)).astype("<i2").tobytes()


class Page:
    """The page's side of its microphone."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, answers_after_s: float = 0.0) -> None:
        self.socket = socket
        self.number = 0
        self.began = time.monotonic() - 5
        self._answers_after_s = answers_after_s
        self._reading = asyncio.create_task(self._answer())

    async def send(self, *, age_s: float = 0.0, skip: int = 0) -> None:
        self.number += 1 + skip
        await self.socket.send_bytes(encode_chunk(Chunk(self.number, (time.monotonic() - self.began - age_s) * 1000, TONE)))

    async def speak(self, seconds: float, *, age_s: float = 0.0) -> None:
        for _ in range(round(seconds / 0.02)):
            await self.send(age_s=age_s)
            await asyncio.sleep(0.02)

    async def state(self, state: str) -> None:
        await self.socket.send_json({"type": "state", "state": state})

    async def _answer(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT and message.json()["type"] == "ping":
                await asyncio.sleep(self._answers_after_s)
                await self.socket.send_json({"type": "pong", "text": message.json()["text"]})


class Game:
    """The game's side: what its source gives out."""

    def __init__(self, path: Path) -> None:
        self.source: NetworkSource = open_connection(f"unix://{path}")
        self.blocks: list[AudioBlock] = []
        self.events: list[SourceEvent] = []
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            item = await asyncio.to_thread(self.source.read, 0.05)
            if isinstance(item, AudioBlock):
                self.blocks.append(item)
            elif item is not None:
                self.events.append(item)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.to_thread(self.source.close)


@pytest.fixture
async def game(running: Running) -> AsyncIterator[Game]:
    await running.terminal()
    game = Game(running.only_game().bridge.path)
    yield game
    await game.close()


async def page_of(running: Running, answers_after_s: float = 0.0) -> Page:
    return Page(await running.microphone(running.only_game().key), answers_after_s)


async def test_the_sound_arrives_unchanged(running: Running, game: Game) -> None:
    page = await page_of(running)
    await page.speak(0.5)
    await until(lambda: sum(len(block.samples) for block in game.blocks) >= 20 * CHUNK_SAMPLES)
    sound = np.concatenate([block.samples for block in game.blocks])
    assert np.array_equal(np.round(sound[:CHUNK_SAMPLES] * 32768).astype("<i2"), np.frombuffer(TONE, "<i2"))
    assert isinstance(game.events[-1], SourceBack)
    assert "the browser's microphone" in game.events[-1].name


async def test_without_sound_the_game_reports_why(running: Running, game: Game) -> None:
    await until(lambda: game.events)
    assert isinstance(game.events[0], SourceLost)
    assert "press Use the microphone" in game.events[0].message
    page = await page_of(running)
    for state, said in [
        ("refused", "blocks the microphone"),
        ("missing", "no microphone"),
        ("hidden", "background"),
        ("elsewhere", "another tab"),
    ]:
        await page.state("off")
        await page.send()
        await until(lambda: isinstance(game.events[-1], SourceBack))
        await page.state(state)
        await until(lambda said=said: isinstance(game.events[-1], SourceLost) and said in game.events[-1].message)


async def test_the_age_of_the_sound_covers_the_whole_path(running: Running, game: Game) -> None:
    page = await page_of(running, answers_after_s=0.6)
    await page.speak(1.5)
    await until(lambda: game.source.delay_s is not None)
    # Half of the page's round trip, not all of it.
    assert 0.29 < (game.source.delay_s or 0) < 0.59
    ages = [time.monotonic() - block.captured for block in game.blocks[-5:] if block.captured is not None]
    assert all(age > 0.29 for age in ages)


async def test_chunks_that_the_page_could_not_send_are_counted(running: Running, game: Game) -> None:
    page = await page_of(running)
    await page.speak(0.2)
    await page.send(skip=25)
    await page.speak(0.2)
    await until(lambda: game.source.lost > 0)
    assert game.source.lost == 25 * CHUNK_SAMPLES


async def test_late_sound_is_dropped_and_counted(running: Running, game: Game) -> None:
    page = await page_of(running)
    await page.speak(0.3)
    blocks = len(game.blocks)
    await page.speak(0.3, age_s=0)
    await until(lambda: len(game.blocks) > blocks)
    # From here on everything is a second old when it comes.
    page.began += 1.0
    await asyncio.sleep(1.1)
    blocks = len(game.blocks)
    await page.speak(0.4)
    await asyncio.sleep(0.1)
    assert len(game.blocks) == blocks
    assert game.source.lost >= 15 * CHUNK_SAMPLES


async def test_a_reload_has_a_clock_of_its_own_and_the_sound_goes_on(running: Running, game: Game) -> None:
    page = await page_of(running)
    await page.speak(0.3)
    await page.socket.close()
    await until(lambda: isinstance(game.events[-1], SourceLost))
    blocks = len(game.blocks)
    again = await page_of(running)
    again.began = time.monotonic()  # a page that was just loaded
    await again.speak(0.3)
    await until(lambda: len(game.blocks) >= blocks + 10)
    assert isinstance(game.events[-1], SourceBack)
    assert game.source.lost == 0


async def test_only_the_page_of_a_game_reaches_its_game(running: Running) -> None:
    _, first = await running.terminal()
    for key in ("", "x" * 32, first["key"][:-1], first["key"] + "x"):
        socket = await running.microphone(key)
        message = await socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == 1008


async def test_a_second_game_cannot_open_the_first_ones_sound(running: Running, game: Game) -> None:
    bridge = running.only_game().bridge
    assert stat.S_IMODE(bridge.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bridge.path.parent.stat().st_mode) == 0o700
    assert len(bridge.path.name) > 20, "not to be guessed"
    page = await page_of(running)
    await page.speak(0.2)
    other = Game(bridge.path)
    await page.speak(0.4)
    assert not other.blocks
    assert len(game.blocks) > 20
    await other.close()


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"x",
        b"\0" * 651,
        encode_chunk(Chunk(1, 1.0, TONE)),
        "text",
        '{"type":"state","state":"on"}',
        '{"type":"state","state":"x"}',
        "[1]",
        "{}",
    ],
)
async def test_an_invalid_sound_message_ends_the_microphone_and_not_the_game(
    running: Running, game: Game, wrong: bytes | str
) -> None:
    page = await page_of(running)
    await page.speak(0.1)
    await (page.socket.send_bytes(wrong) if isinstance(wrong, bytes) else page.socket.send_str(wrong))
    await until(lambda: page.socket.closed)
    assert page.socket.close_code == 1008
    await (await page_of(running)).speak(0.2)
    await until(lambda: isinstance(game.events[-1], SourceBack))


async def test_a_flood_of_sound_is_refused(running: Running) -> None:
    await running.terminal()
    page = await page_of(running)
    try:
        for _ in range(400):
            await page.send()
    except (ConnectionResetError, aiohttp.ClientError):
        pass
    await until(lambda: page.socket.closed)
    assert page.socket.close_code == 1008


async def test_two_games_hear_only_their_own_page() -> None:
    async with serving() as running:
        _, first = await running.terminal()
        _, second = await running.terminal()
        found = {key: running.page_games.find(key) for key in (first["key"], second["key"])}
        games = {key: Game(page_game.bridge.path) for key, page_game in found.items() if page_game is not None}
        page = Page(await running.microphone(first["key"]))
        await page.speak(0.4)
        await until(lambda: len(games[first["key"]].blocks) > 10)
        assert not games[second["key"]].blocks
        for game in games.values():
            await game.close()


@pytest.mark.e2e
async def test_the_delay_in_the_game_covers_the_whole_path() -> None:
    """With the real recognizer between the page and the game."""
    async with serving() as running:
        short_folder = running.homes / "words"
        short_folder.mkdir(0o700)
        await running.terminal()
        bridge = running.only_game().bridge
        service = RecognizerService()
        await service.start()
        try:
            words = await service.add_visitor("1", VisitorSound(short_folder, bridge.path))
            page = await page_of(running, answers_after_s=0.1)
            listener = RemoteListener(words)
            reading = asyncio.create_task(asyncio.to_thread(lambda: [*listener.events()]))
            speaking = asyncio.create_task(page.speak(20))
            await until(lambda: (listener.delay_s or 0) > 0.04, 20)
            assert (listener.delay_s or 0) < 5
            speaking.cancel()
            listener.stop()
            await reading
        finally:
            await service.close()
            short_folder.rmdir()
