"""Games that are forked from a process that has them imported: as those that are started from nothing, only sooner and smaller."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from voicetrail.visitors.game_process import GameProcess
from voicetrail.visitors.home import VisitorHome, game_command
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.preloaded import ForkedGame, PreloadedGames
from voicetrail.visitors.terminal import TerminalSize

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(sys.platform != "linux", reason="forking games is for Linux")]


@asynccontextmanager
async def preloaded(*modules: str) -> AsyncIterator[PreloadedGames]:
    games = PreloadedGames(modules)
    await games.start()
    try:
        yield games
    finally:
        games.close()


def started(
    games: PreloadedGames, tmp_path: Path, *arguments: str, name: str = "home", hand_on: tuple[int, ...] = ()
) -> GameProcess:
    home = VisitorHome(tmp_path / name)
    return GameProcess.start(
        game_command(*arguments),
        environment=home.environment(term="xterm-256color"),
        size=TerminalSize(90, 25),
        folder=home.path,
        limits=VisitorLimits(memory_mb=2048),
        hand_on=hand_on,
        preloaded=games,
    )


def forked(game: GameProcess) -> bool:
    return isinstance(vars(game)["_process"], ForkedGame)


async def all_of(game: GameProcess) -> str:
    text = b""
    while data := await asyncio.wait_for(game.read(), 30):
        text += data
    return text.decode()


async def test_a_forked_game_is_this_voicetrail_with_its_arguments_and_exit_code(tmp_path: Path) -> None:
    async with preloaded("voicetrail.cli") as games:
        async with started(games, tmp_path, "version") as game:
            assert forked(game)
            assert "voicetrail" in await all_of(game)
            assert await game.wait() == 0
        async with started(games, tmp_path, "no-such-command", name="other") as game:
            assert "no command" in await all_of(game)
            assert await game.wait() == 2


async def test_it_has_a_session_an_environment_and_limits_of_its_own(tmp_path: Path) -> None:
    """Read from outside while the game waits for its visitor."""
    own, others = socket.socketpair()
    own.settimeout(10)
    async with preloaded() as games:
        async with started(games, tmp_path, "play", hand_on=(others.fileno(),)) as game:
            handed = f"socket:[{os.fstat(others.fileno()).st_ino}]"
            others.close()
            about = Path(f"/proc/{game.pid}")
            assert os.getsid(game.pid) == game.pid
            assert os.getpgid(game.pid) == game.pid
            await asyncio.wait_for(game.read(), 30)
            assert os.readlink(about / "cwd") == str(tmp_path / "home")
            assert "Max address space" in (about / "limits").read_text()
            assert str(2048 << 20) in (about / "limits").read_text()
            links = {os.readlink(entry) for entry in (about / "fd").iterdir() if entry.exists()}
            terminals = {link for link in links if link.startswith("/dev/pts/")}
            assert len(terminals) == 1
            # The end of the pair that it was handed is there; the way to the process that it was forked from is not.
            assert {link for link in links if link.startswith("socket:")} >= {handed}
            assert vars(games)["_control"].fileno() >= 0
            assert f"socket:[{os.fstat(vars(games)['_control'].fileno()).st_ino}]" not in links
        assert own.recv(1) == b""
    own.close()


async def test_a_killed_game_reports_its_signal(tmp_path: Path) -> None:
    async with preloaded() as games, started(games, tmp_path, "play") as game:
        await asyncio.wait_for(game.read(), 30)
        os.kill(game.pid, signal.SIGKILL)
        assert await asyncio.wait_for(game.wait(), 10) == -signal.SIGKILL


async def test_after_the_process_died_games_start_as_new_processes_until_it_is_restarted(tmp_path: Path) -> None:
    async with preloaded() as games:
        process = vars(games)["_process"]
        process.kill()
        process.wait()
        async with started(games, tmp_path, "version") as game:
            assert not forked(game)
            assert "voicetrail" in await all_of(game)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if vars(games)["_control"] is not None:
                break
            async with started(games, tmp_path, "version", name="again"):
                pass
        async with started(games, tmp_path, "version", name="third") as game:
            assert forked(game)
            assert await game.wait() == 0


async def test_games_go_on_when_the_process_has_died(tmp_path: Path) -> None:
    async with preloaded() as games, started(games, tmp_path, "play") as game:
        await asyncio.wait_for(game.read(), 30)
        vars(games)["_process"].kill()
        await asyncio.sleep(0.2)
        assert not game.ended
        assert await game.end() == 0


async def test_it_ends_with_its_host(tmp_path: Path) -> None:
    async with preloaded() as games:
        process = vars(games)["_process"]
        vars(games)["_control"].shutdown(socket.SHUT_RDWR)
        assert process.wait(10) == 0


async def test_modules_are_imported_with_the_environment_of_the_games(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "importing.py").write_text(
        "import os, textual.constants as c; open(os.environ['SEEN'], 'w').write(str(c.MAX_FPS))"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), *sys.path)))
    games = PreloadedGames(("importing",), {"SEEN": str(tmp_path / "seen"), "TEXTUAL_FPS": "15"})
    await games.start()
    games.close()
    assert (tmp_path / "seen").read_text() == "15"
