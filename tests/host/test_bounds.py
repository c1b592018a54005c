"""Limits of a host: how many, how long, how much; and how it closes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.host.serving import begin, open_host, read_until, until
from voicetrail.host import connection as bounds
from voicetrail.visitors import visitor as visitors


async def test_further_visitors_are_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_host(visitors=2, per_address=2) as host, host.connect() as first, host.connect() as second:
        process = await begin(first)
        await begin(second)
        async with host.connect() as third:
            done = await third.run(None, term_type="xterm")
            assert done.exit_status == 1
            assert "places are taken" in str(done.stdout)
        process.stdin.write(b"q")
        await process.wait()
        async with host.connect() as third:
            await begin(third)


async def test_a_visitor_who_does_nothing_reads_why_the_game_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "WATCH_S", 0.05)
    monkeypatch.setattr(visitors, "FAREWELL_S", 0.1)
    async with open_host(idle_s=10) as host, host.connect() as connection:
        process = await begin(connection)
        (visitor,) = host.server.visitors
        visitor.visit.seen -= 9.5
        process.stdin.write(b"a")
        await read_until(process, "got a")
        await asyncio.sleep(0.3)
        assert not visitor.game.ended
        visitor.visit.seen -= 10
        done = await asyncio.wait_for(process.wait(), 20)
        assert done.exit_status == 0
        assert b"there was no input for" in done.stdout
        assert "how=ended" in host.log.events("left")[0]


async def test_a_silent_slow_or_incomplete_connection_is_closed() -> None:
    async with open_host(login_s=1) as host:

        async def half_open(first: bytes, then: bytes = b"") -> float:
            began = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", host.server.port)
            with contextlib.suppress(OSError):
                writer.write(first)
                while time.monotonic() - began < 10 and not reader.at_eof():
                    if then:
                        writer.write(then)
                    with contextlib.suppress(TimeoutError):
                        if not await asyncio.wait_for(reader.read(4096), 0.1):
                            break
            writer.close()
            return time.monotonic() - began

        took = await asyncio.gather(
            half_open(b""), half_open(b"SSH-2.0-x\r\n"), half_open(b"SSH-2.0-", b"x"), half_open(b"\r\n" * 10)
        )
        assert max(took) < 8
        async with host.connect() as connection:  # logged in, and nothing more
            await asyncio.wait_for(connection.wait_closed(), 20)
        await until(lambda: not host.server.connections)
        assert len(host.log.events("late")) >= 3


async def test_one_address_cannot_take_every_connection_nor_connect_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_host(login_s=30) as host:
        held = [await asyncio.open_connection("127.0.0.1", host.server.port) for _ in range(bounds.UNENTERED_PER_ADDRESS)]
        with pytest.raises((OSError, asyncssh.Error)):
            await host.connect()
        assert "reason=connections-of-address" in host.log.events("refused")[0]
        for _, writer in held:
            writer.close()
        await until(lambda: not host.server.connections)
        for _ in range(3 * bounds.CONNECTS_IN_HAND):
            _, writer = await asyncio.open_connection("127.0.0.1", host.server.port)
            writer.close()
            await asyncio.sleep(0.005)
        await until(lambda: any("rate-of-address" in line for line in host.log.events("refused")))


async def test_a_flood_before_the_game_ends_the_connection() -> None:
    async with open_host() as host:
        async with host.connect() as connection:
            with contextlib.suppress(asyncssh.Error, OSError):
                for number in range(400):
                    connection.send_packet(80, b"\x00\x00\x00\x05xxxxx\x00" + bytes(1000 + number))
            await asyncio.wait_for(connection.wait_closed(), 10)
        await until(lambda: not host.server.connections)


async def test_endless_variables_are_not_stored() -> None:
    async with open_host() as host, host.connect() as connection:
        environment = {f"NAME{number}": "x" * 500 for number in range(100)}
        await begin(connection, env=environment)
        channel = next(iter(host.server._connections))._channels[0]
        assert sum(map(len, channel._env.values())) < 10_000


async def test_a_visitor_who_reads_nothing_blocks_the_game_and_uses_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "WATCH_S", 0.05)
    monkeypatch.setattr(visitors, "FAREWELL_S", 0.1)
    async with open_host() as host, host.connect("bob") as other, host.connect() as connection:
        neighbor = await begin(other)
        process = await begin(connection)
        process.channel.pause_reading()
        process.stdin.write(b"f")  # it writes without end
        await asyncio.sleep(0.5)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await asyncio.sleep(1)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000
        neighbor.stdin.write(b"hi")
        await read_until(neighbor, "got hi")
        # Nor does such a visitor keep the place once the time is over.
        monkeypatch.setattr("voicetrail.host.session.LAST_LINE_S", 0.3)
        (stuck,) = [visitor for visitor in host.server.visitors if visitor.name == "ada"]
        stuck.visit.began -= 1e6
        await until(lambda: [visitor.name for visitor in host.server.visitors] == ["bob"] and host.server.connections == 1)


async def test_a_visitor_who_stays_connected_after_the_game_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.host.session.LAST_LINE_S", 0.3)
    async with open_host() as host, host.connect() as connection:
        process = await begin(connection)
        process.stdin.write(b"q")
        await process.wait()
        await asyncio.wait_for(connection.wait_closed(), 10)
        await until(lambda: not host.server.connections)
    async with open_host() as host, host.connect() as connection:
        process = await begin(connection)
        process.channel.abort()  # in the middle of the game, and the connection stays
        await until(lambda: not host.server.visitors and not host.server.connections)


async def test_typing_without_end_is_taken_at_the_game_s_pace() -> None:
    game = "import time, tty; tty.setraw(0); print('is ready', flush=True); time.sleep(60)"
    async with open_host(game=game) as host, host.connect() as connection:
        process = await begin(connection)
        process.stdin.write(b"x" * 2_000_000)
        await asyncio.sleep(0.5)
        server_side = next(iter(host.server._connections))
        assert server_side._received < 100_000
        (visitor,) = host.server.visitors
        assert not visitor.game.ended


async def test_a_visitor_whose_machine_has_gone_away_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ssh") is None:
        pytest.skip("ssh is not installed")
    monkeypatch.setattr("voicetrail.host.server.KEEPALIVE_S", 0.3)
    async with open_host() as host:
        options = ("UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "PreferredAuthentications=none")
        words = [word for option in options for word in ("-o", option)]
        command = ["ssh", "-F", "none", "-tt", *words, "-p", str(host.server.port), "ada@127.0.0.1"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
        try:
            assert process.stdout is not None
            assert b"game" in await asyncio.wait_for(process.stdout.read(4), 20)
            await asyncio.sleep(2)
            (visitor,) = host.server.visitors  # whose ssh answers
            process.send_signal(signal.SIGSTOP)
            await until(lambda: not host.server.visitors)
            assert visitor.game.ended
        finally:
            process.kill()
            await process.wait()


async def test_rounds_may_end_when_the_host_closes_and_other_visitors_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "FAREWELL_S", 0.2)
    async with open_host() as host:
        playing, waiting = await host.connect("ada"), await host.connect("bob")
        round_, title = await begin(playing), await begin(waiting)
        round_.stdin.write(b"r")
        await read_until(round_, "got r")
        await until(lambda: any(visitor.in_round for visitor in host.server.visitors))
        closing = asyncio.create_task(host.server.close(20))
        done = await asyncio.wait_for(title.wait(), 10)
        assert (done.exit_status, b"this host is shutting down" in done.stdout) == (0, True)
        with pytest.raises((OSError, asyncssh.Error)):
            await host.connect("eve")
        assert not closing.done()
        round_.stdin.write(b"s")  # the round is over
        done = await asyncio.wait_for(round_.wait(), 10)
        assert done.exit_status == 0
        await asyncio.wait_for(closing, 10)
        assert not host.server.visitors
        assert not host.server.connections


async def test_a_round_that_does_not_end_is_ended() -> None:
    async with open_host() as host, host.connect() as connection:
        process = await begin(connection)
        process.stdin.write(b"r")
        await read_until(process, "got r")
        began = time.monotonic()
        await asyncio.wait_for(host.server.close(0.5), 10)
        assert 0.4 < time.monotonic() - began < 6
        assert (await process.wait()).exit_status == 0


@pytest.mark.e2e
async def test_twenty_that_connect_and_drop_leave_nothing() -> None:
    async with open_host(per_address=30) as host:

        def state() -> tuple[int, int, int]:
            # Not asyncio's own pool of threads: the clients of this test use it, and it stays.
            threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
            return len(os.listdir("/proc/self/fd")), len(threads), len(asyncio.all_tasks())

        async def come_and_drop(number: int) -> int:
            connection = await host.connect(f"v{number}")
            await connection.forward_remote_path("/tmp/x.sock", "/nowhere")
            await begin(connection)
            pid: int = next(visitor.game.pid for visitor in host.server.visitors if visitor.name == f"v{number}")
            if number % 2:
                connection.abort()
            else:
                connection.close()
            await connection.wait_closed()
            return pid

        await come_and_drop(99)
        await until(lambda: not host.server.visitors and not host.server.connections)
        await asyncio.sleep(0.2)
        before = state()
        pids = [pid for first in range(0, 20, 4) for pid in await asyncio.gather(*(come_and_drop(first + n) for n in range(4)))]
        await until(lambda: not host.server.visitors and not host.server.connections and not host.server.tasks)
        await asyncio.sleep(0.2)
        assert state() == before
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert [path.name for path in host.homes.folder.iterdir()] == ["lock"]


def packets(seed: int, count: int) -> Any:
    """Messages of every kind that a visitor may send after the login, with rubbish in them."""
    import random

    dice = random.Random(seed)

    def text() -> bytes:
        data = dice.choice(
            (
                b"shell",
                b"exec",
                b"env",
                b"pty-req",
                b"x11-req",
                b"session",
                b"direct-tcpip",
                b"tcpip-forward",
                dice.randbytes(dice.randrange(40)),
            )
        )
        return len(data).to_bytes(4, "big") + data

    for _ in range(count):
        kind = dice.choice((80, 90, 91, 92, 93, 94, 95, 96, 97, 98, 98, 98, 99, 100, 2, 4, dice.randrange(256)))
        body = b"".join(
            dice.choice((text(), dice.randbytes(4), b"\0\0\0\0", b"\0\0\0\x01", b"\1", b"\xff\xff\xff\xff"))
            for _ in range(dice.randrange(8))
        )
        yield kind, body


@pytest.mark.timeout(120)
@pytest.mark.parametrize("messages", [1_000, pytest.param(20_000, marks=pytest.mark.e2e)])
async def test_invalid_messages_end_only_their_own_connections(monkeypatch: pytest.MonkeyPatch, messages: int) -> None:
    monkeypatch.setattr(bounds, "CONNECTS_PER_SECOND", 1e6)
    monkeypatch.setattr(bounds, "CONNECTS_IN_HAND", 1e6)
    async with open_host(per_address=40) as host, host.connect("bob") as other:
        neighbor = await begin(other)
        sent, seed = 0, 0
        while sent < messages:
            seed += 1
            connection = await host.connect("eve")
            try:
                if seed % 4 == 0:
                    await begin(connection)
                for kind, body in packets(seed, 200):
                    connection.send_packet(kind, body)
                    sent += 1
                await asyncio.sleep(0)
            except (asyncssh.Error, OSError):
                pass
            finally:
                connection.abort()
        neighbor.stdin.write(b"hi")
        await read_until(neighbor, "got hi")
        await until(lambda: len(host.server.visitors) == 1 and host.server.connections == 1)
        assert all(line.isprintable() for line in host.log.getvalue().splitlines())
