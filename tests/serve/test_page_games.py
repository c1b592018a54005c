"""A page and its game: begun, left, taken up again, ended."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.serve.conftest import SIZE_REPORTER, Running, output_until, serving, until
from voicetrail.serve.terminal import UNSEEN_LIMIT


def takes_sizes(pid: int) -> bool:
    """Whether a program has said that it wants to hear of its terminal's size."""
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> signal.SIGWINCH - 1 & 1)


async def closing(socket: aiohttp.ClientWebSocketResponse) -> dict[str, object]:
    """The last message that a page is sent."""
    last: dict[str, object] = {}
    async with asyncio.timeout(10):
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                last = message.json()
            elif message.type is not aiohttp.WSMsgType.BINARY:
                return last


async def test_input_reaches_the_game_and_output_the_page(running: Running) -> None:
    socket, first = await running.terminal()
    assert (first["type"], first["resumed"], first["known"]) == ("game", False, True)
    await socket.send_bytes("größer ↑\r".encode())
    assert "größer ↑".encode() in await output_until(socket, "↑\r\n".encode())


async def test_a_page_hears_again_and_again_that_the_server_is_there(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while its game says nothing: else a page could not know that its connection has died."""
    monkeypatch.setattr("voicetrail.serve.terminal.ALIVE_S", 0.05)
    socket, _ = await running.terminal()
    for _ in range(3):
        assert await socket.receive_json(timeout=10) == {"type": "alive"}
    await socket.send_bytes(b"on\r")
    await output_until(socket, b"on\r\n")


async def test_the_game_gets_the_size_of_the_page_and_its_changes() -> None:
    async with serving(command=SIZE_REPORTER) as running:
        socket, _ = await running.terminal(columns=91, rows=33)
        await output_until(socket, b"begun")
        await socket.send_json({"type": "resize", "columns": 70, "rows": 25})
        await output_until(socket, b"25 70")
        await socket.send_json({"type": "resize", "columns": 2999, "rows": 1199})
        await output_until(socket, b"120 300")


async def test_a_reloaded_page_resumes_its_game_with_a_full_repaint() -> None:
    async with serving(command=SIZE_REPORTER) as running:
        socket, first = await running.terminal(columns=91, rows=33)
        await output_until(socket, b"begun")
        await socket.close()
        await until(lambda: not running.only_game().attended)
        await asyncio.sleep(0.2)
        again, second = await running.terminal(first["key"], columns=90, rows=32)
        assert second["key"] == first["key"]
        assert second["resumed"]
        seen = await output_until(again, b"32 90")
        # While it was away the game had no room to be played in, and so waited.
        assert b"painted" in seen + await output_until(again, b"painted") if b"painted" not in seen else seen
        assert b"begun" not in seen


async def test_without_a_page_the_game_is_too_small_and_pauses(tmp_path: os.PathLike[str]) -> None:
    report = os.path.join(tmp_path, "sizes")
    watcher = ("/bin/bash", "-c", f"trap 'stty size >> {report}' WINCH; echo begun; while :; do sleep 0.05; done")
    async with serving(command=watcher) as running:
        socket, _ = await running.terminal()
        await output_until(socket, b"begun")
        await socket.close()
        await until(lambda: os.path.exists(report) and "5 20" in Path(report).read_text())


async def test_a_page_that_does_not_come_back_ends_its_game() -> None:
    async with serving(returns_within_s=0.3) as running:
        socket, first = await running.terminal()
        await socket.close()
        await until(lambda: not running.page_games.all)
        assert not running.page_games.admission.visits
        # Whoever comes later gets another game, and is told so.
        _, later = await running.terminal(first["key"])
        assert later["key"] != first["key"]
        assert (later["resumed"], later["known"]) == (False, False)


async def test_two_tabs_have_a_game_each(running: Running) -> None:
    one, first = await running.terminal()
    two, second = await running.terminal()
    assert first["key"] != second["key"]
    await one.send_bytes(b"first\r")
    await two.send_bytes(b"second\r")
    assert b"second" not in await output_until(one, b"first\r\n")
    assert b"first" not in await output_until(two, b"second\r\n")


async def test_a_tab_that_takes_a_game_over_leaves_the_other_with_a_reason(running: Running) -> None:
    one, first = await running.terminal()
    two, second = await running.terminal(first["key"])
    assert second["resumed"]
    assert (await closing(one))["type"] == "taken"
    await two.send_bytes(b"mine\r")
    await output_until(two, b"mine\r\n")
    assert len(running.page_games.all) == 1


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "é" * 10, "../../etc", "x" * 64])
async def test_an_unknown_key_starts_a_new_game(running: Running, key: str) -> None:
    _, first = await running.terminal()
    _, other = await running.terminal(key)
    assert other["key"] != first["key"]
    assert not other["resumed"]


async def test_the_end_of_a_game_is_reported_to_its_page(running: Running) -> None:
    socket, _ = await running.terminal()
    await socket.send_bytes(b"\x04")  # the end of cat's input
    assert (await closing(socket))["type"] == "ended"
    await until(lambda: not running.page_games.all)


async def test_the_number_of_games_is_limited() -> None:
    async with serving(visitors=2, per_address=2) as running:
        kept = [await running.terminal() for _ in range(2)]
        socket, refusal = await running.terminal()
        assert refusal["type"] in ("full", "address")
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert {first["key"] for _, first in kept} == {page_game.key for page_game in running.page_games.all}


async def test_a_game_without_a_page_makes_room_for_a_page() -> None:
    async with serving(visitors=1, per_address=1) as running:
        socket, first = await running.terminal()
        await socket.close()
        await until(lambda: not running.only_game().attended)
        _, second = await running.terminal()
        assert second["type"] == "game"
        assert second["key"] != first["key"]


async def test_a_spare_game_is_what_the_next_page_gets() -> None:
    async with serving(command=SIZE_REPORTER, spare=True) as running:
        await until(lambda: vars(running.page_games)["_spare"] is not None)
        await until(lambda: takes_sizes(vars(running.page_games)["_spare"].game.visitor.game.pid))
        socket, _ = await running.terminal(columns=77, rows=22)
        assert b"begun" not in await output_until(socket, b"22 77"), "it began before the page came"


async def test_a_page_that_paints_nothing_blocks_its_game_and_not_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.serve.terminal.STALLED_S", 1.0)
    async with serving(command=("/usr/bin/yes", "more and more")) as running:
        socket, _ = await running.terminal()
        received = 0
        while True:
            message = await socket.receive(timeout=5)
            if message.type is not aiohttp.WSMsgType.BINARY:
                break
            received += len(message.data)
        assert UNSEEN_LIMIT <= received < UNSEEN_LIMIT + 64 * 1024
        # It was let go after a while; the game waits for another.
        await until(lambda: not running.only_game().attended)


async def test_a_page_that_paints_gets_everything(running: Running) -> None:
    async with serving(command=("/usr/bin/seq", "200000")) as counting:
        socket, _ = await counting.terminal()
        seen = b""
        async with asyncio.timeout(20):
            while not seen.endswith(b"200000\r\n"):
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    seen += message.data
                    await socket.send_json({"type": "seen", "bytes": len(seen)})
        assert seen.split(b"\r\n")[:-1] == [str(number).encode() for number in range(1, 200_001)]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "seen", "bytes": 10**9},
        {"type": "seen", "bytes": -1},
        {"type": "resize"},
        {"type": "quit"},
        {},
        {"type": ["resize"]},
    ],
)
async def test_an_invalid_message_ends_the_connection_and_not_the_game(running: Running, message: dict[str, object]) -> None:
    socket, first = await running.terminal()
    await socket.send_json(message)
    async with asyncio.timeout(5):
        while (answer := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
    assert answer.type is aiohttp.WSMsgType.CLOSE
    assert answer.data == 1008
    _, again = await running.terminal(first["key"])
    assert again["resumed"]


async def test_a_flood_of_keys_is_refused(running: Running) -> None:
    socket, _ = await running.terminal()
    async with asyncio.timeout(10):
        try:
            for _ in range(200):
                await socket.send_bytes(b"x" * 4096)
        except (ConnectionResetError, aiohttp.ClientError):
            pass
        while (answer := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
    assert answer.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_the_end_of_the_server_ends_every_game() -> None:
    async with serving(spare=True) as running:
        sockets = [(await running.terminal())[0] for _ in range(3)]
        await running.page_games.close()
        assert [(await closing(socket))["type"] for socket in sockets] == ["closing"] * 3
        assert not running.page_games.all


async def test_a_page_that_stays_open_and_says_nothing_keeps_its_game(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three heartbeats, which it answers, each within half a second.
    monkeypatch.setattr("voicetrail.serve.terminal.HEARTBEAT_S", 1.0)
    async with serving() as running:
        socket, _ = await running.terminal()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 3.5)
        await socket.send_bytes(b"still here\r")
        await output_until(socket, b"still here\r\n")


async def test_a_page_whose_network_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.serve.terminal.HEARTBEAT_S", 0.3)
    async with serving() as running:
        socket = await running.client.ws_connect(f"{running.url}/terminal", headers={"Origin": running.url}, autoping=False)
        await socket.send_json({"key": "", "columns": 80, "rows": 24})
        await until(lambda: running.page_games.all and running.only_game().attended)
        # Its pings are not answered any more.
        await until(lambda: not running.only_game().attended)
        assert running.page_games.all, "the game waits for it"


async def test_a_visitor_who_does_nothing_has_to_leave_and_reads_why() -> None:
    async with serving(idle_s=10) as running:
        socket, _ = await running.terminal()
        page_game = running.only_game()
        assert page_game.visit is not None
        page_game.visit.seen -= 11
        assert (await closing(socket))["type"] == "overstayed"
        await until(lambda: not running.page_games.all)
