"""What a visitor gets, and all that a visitor does not get."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.host.serving import begin, open_host, read_until, until
from voicetrail.link.host_request import HostRequest, encode_request
from voicetrail.link.wire import PROTOCOL
from voicetrail.remote.ssh import NEWER, OLDER


def shown(text: str) -> dict[str, Any]:
    """What the program in place of the game was given."""
    given: dict[str, Any] = json.loads(text.partition("game ")[2].partition(" ready")[0])
    return given


async def test_a_guest_gets_a_game_on_a_terminal_of_its_own_and_the_home_goes_with_the_guest() -> None:
    async with open_host() as host, host.connect("ada") as connection:
        process = await connection.create_process(term_type="xterm-kitty", term_size=(101, 31), encoding=None)
        given = shown(await read_until(process, "ready"))
        assert given["term"] == "xterm-kitty"
        assert given["size"] == [101, 31]
        assert given["terms"]["name"] == "ada"
        assert given["terms"]["source"] == "none"
        assert "to play by voice" in given["terms"]["hint"]
        home = Path(given["home"])
        assert home.parent == host.homes.folder
        process.stdin.write(b"hello")
        await read_until(process, "got hello")
        process.change_terminal_size(77, 33)
        await read_until(process, "size 77 33")
        process.stdin.write(b"q")
        assert (await asyncio.wait_for(process.wait(), 20)).exit_status == 0
        await until(lambda: not host.server.visitors)
        assert not home.exists()
        assert len(host.log.events("came")) == len(host.log.events("left")) == 1


async def test_there_is_no_command_no_subsystem_and_no_second_session() -> None:
    async with open_host() as host, host.connect() as connection:
        await begin(connection)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.run("id")
    for denied in ("id", "scp -t /tmp", "sh -c ': voicetrail-game'", ": voicetrail-game !!;", "x" * 30_000):
        async with open_host() as host, host.connect() as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(denied, term_type="xterm")
            assert host.log.events("denied")
            assert not host.log.events("came")
    async with open_host() as host, host.connect() as connection:
        with pytest.raises(asyncssh.Error):
            await connection.start_sftp_client()
        assert "what=subsystem" in host.log.events("denied")[0]


async def test_nothing_is_forwarded_from_here_to_anywhere(tmp_path: Path) -> None:
    reached = []
    target = await asyncio.start_server(lambda reader, writer: reached.append(writer), "127.0.0.1", 0)
    port = target.sockets[0].getsockname()[1]
    private = await asyncio.start_unix_server(lambda reader, writer: reached.append(writer), str(tmp_path / "private"))
    async with open_host() as host, host.connect() as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection(str(tmp_path / "private"))
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", port)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("", 4711, "127.0.0.1", port)
        for open_tunnel in (connection.create_tun, connection.create_tap):
            with pytest.raises((asyncssh.ChannelOpenError, asyncssh.Error)):
                await open_tunnel(asyncssh.SSHTunTapSession)
        denied = {line.partition("what=")[2].split()[0] for line in host.log.events("denied")}
        assert denied == {"forward-tcp", "forward-unix", "reverse-tcp", "tun", "tap"}
    target.close()
    private.close()
    assert not reached


async def test_there_is_no_x11_and_no_agent() -> None:
    async with open_host() as host:
        async with host.connect() as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(term_type="xterm", x11_forwarding=True, x11_display="127.0.0.1:0")
        async with host.connect(agent_forwarding=True) as connection:
            await begin(connection)
            (visitor,) = host.server.visitors
            environment = Path(f"/proc/{visitor.game.pid}/environ").read_bytes()
            assert b"SSH_AUTH_SOCK" not in environment
            assert b"DISPLAY" not in environment


async def test_one_reverse_forward_is_allowed_and_creates_no_file_with_the_requested_name(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "mine").write_text("precious")
    async with open_host() as host, host.connect() as connection:
        await connection.forward_remote_path(str(asked), "/nowhere")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_path(str(tmp_path / "mine"), "/nowhere")
        assert not asked.exists()
    assert (tmp_path / "mine").read_text() == "precious"


async def test_the_microphone_is_a_private_socket_of_that_visitor_alone(tmp_path: Path) -> None:
    """Two visitors give their sockets the same name; each one's game reaches its own."""
    name = "/tmp/voicetrail-same.sock"
    answers: dict[str, str] = {}
    async with open_host(per_address=4) as host:
        homes = []
        connections = []
        for who in ("ada", "bob"):
            microphone = tmp_path / who

            async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: str = who) -> None:
                writer.write(f"I am {who}".encode())
                await writer.drain()
                await reader.read()
                writer.close()

            server = await asyncio.start_unix_server(speak, str(microphone))
            connection = await host.connect(who)
            connections.append((connection, server))
            await connection.forward_remote_path(name, str(microphone))
            request = encode_request(HostRequest("words", name, ("sketch",)))
            process = await connection.create_process(request + "exec sh -c id", term_type="xterm", encoding=None)
            given = shown(await read_until(process, "ready"))
            source = given["terms"]["source"]
            assert source.startswith("words+unix://")
            path = Path(source.removeprefix("words+unix://"))
            homes.append(Path(given["home"]))
            assert path.is_relative_to(homes[-1])
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(homes[-1].stat().st_mode) == 0o700
            reader, writer = await asyncio.open_unix_connection(str(path))
            answers[who] = (await asyncio.wait_for(reader.readexactly(8), 10)).decode()
            writer.close()
        assert answers == {"ada": "I am ada", "bob": "I am bob"}
        assert homes[0] != homes[1]
        assert not Path(name).exists()
        for connection, server in connections:
            connection.abort()
            server.close()
        await until(lambda: not host.server.visitors)
        assert not any(home.exists() for home in homes)


async def test_options_reach_the_game_and_invalid_requests_are_refused() -> None:
    game = "import sys; print('game', sys.argv, 'ready')"
    async with open_host(game=game) as host, host.connect() as connection:
        request = encode_request(HostRequest("sound", "/x", ("maze", "--fog"), "truecolor"))
        process = await connection.create_process(request, term_type="xterm", encoding=None)
        await read_until(process, "ready")  # the stand-in is not given them; tests/host/test_visit.py plays with them
    for wrong in (
        HostRequest("sound", "x" * 300),
        HostRequest("sound", "/x", ("x",) * 41),
        HostRequest("sound", "/x", ("\x1b[2J",)),
        HostRequest("music", "/x"),  # type: ignore[arg-type]
    ):
        async with open_host() as host, host.connect() as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(encode_request(wrong), term_type="xterm")


@pytest.mark.parametrize(("protocol", "code"), [(PROTOCOL + 1, OLDER), (PROTOCOL - 1, NEWER)])
async def test_a_voicetrail_of_another_version_gets_a_message(protocol: int, code: int) -> None:
    async with open_host() as host, host.connect() as connection:
        request = encode_request(HostRequest("sound", "/x", protocol=protocol))
        done = await connection.run(request, term_type="xterm")
        assert done.exit_status == code
        assert not host.log.events("came")


async def test_without_a_terminal_there_is_a_line_and_no_game() -> None:
    async with open_host() as host, host.connect() as connection:
        done = await connection.run(None)
        assert done.exit_status == 1
        assert "run ssh with -t" in str(done.stdout)
        assert not host.log.events("came")


async def test_a_name_with_escapes_reaches_no_log_and_no_terminal_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    # asyncssh refuses such a name, at both ends; the host does not rely on that.
    monkeypatch.setattr("asyncssh.connection.saslprep", lambda text: text)
    async with open_host() as host, host.connect("\x1b]0;owned\x07\x1b[2Jeve\u202e\nforged") as connection:
        process = await begin(connection)
        process.stdin.write(b"q")
        await process.wait()
        await until(lambda: host.log.events("left"))
        written = host.log.getvalue()
        assert written.replace("\n", "").isprintable()
        assert len(written.splitlines()) == 2
        assert "name=0owned2Jeveforged" in written


async def test_the_environment_of_a_visitor_s_ssh_does_not_reach_the_game() -> None:
    game = "import os; print('game', sorted(os.environ), 'ready')"
    async with open_host(game=game) as host:
        async with host.connect() as connection:
            environment = {"LD_PRELOAD": "/tmp/x.so", "PYTHONPATH": "/tmp", "VOICETRAIL_SOURCE": "/etc/passwd", "HOME": "/"}
            process = await connection.create_process(term_type="xterm", env=environment, encoding=None)
            shown = await read_until(process, "ready")
        for name in ("LD_PRELOAD", "VOICETRAIL_SOURCE"):
            assert name not in shown


async def test_a_game_that_is_killed_or_lies_to_the_host_ends_alone() -> None:
    async with open_host() as host, host.connect() as connection, host.connect("bob") as other:
        neighbor = await begin(other)
        process = await begin(connection)
        process.stdin.write(b"x")
        await read_until(process, "got x")
        process.stdin.write(b"k")
        rest = await asyncio.wait_for(process.wait(), 20)
        assert rest.exit_status == 1
        assert b"an internal error ended the game" in (rest.stdout or b"")
        neighbor.stdin.write(b"hi")
        await read_until(neighbor, "got hi")


async def test_the_terminal_s_type_is_checked() -> None:
    async with open_host() as host, host.connect() as connection:
        process = await connection.create_process(term_type="../../evil", term_size=(100_000, 0), encoding=None)
        given = shown(await read_until(process, "ready"))
        assert given["term"] == "xterm-256color"
        assert given["size"] == [400, 24]


async def test_no_core_of_the_host_s_descriptors_is_in_a_game(tmp_path: Path) -> None:
    game = "import os; print('game', len(os.listdir('/proc/self/fd')), 'ready')"
    inherited = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    async with open_host(game=game) as host, host.connect() as connection:
        process = await connection.create_process(term_type="xterm", encoding=None)
        said = await read_until(process, "ready")
        assert (
            int(said.partition("game ")[2].split()[0]) == 5
        )  # the terminal three times, the host, and the folder that is listed
    os.close(inherited)
