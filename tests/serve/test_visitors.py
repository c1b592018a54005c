"""What the game of a page has of the server: a folder of its own, and no files, devices or addresses."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from voicetrail.serve.games import BrowserGame, Games
from voicetrail.visitors.limits import VisitorLimits

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to look into"),
]


@pytest.fixture(scope="module")
def users_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of whoever started the server."""
    return tmp_path_factory.mktemp("home")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def games(users_home: Path) -> AsyncIterator[tuple[BrowserGame, BrowserGame]]:
    """A visitor's game, and one of whoever started the server; both show the title."""
    with pytest.MonkeyPatch.context() as monkeypatch, tempfile.TemporaryDirectory(prefix="vt") as folder:
        monkeypatch.setenv("HOME", str(users_home))
        monkeypatch.setenv("XDG_DATA_HOME", str(users_home / "mine"))
        monkeypatch.setenv("VOICETRAIL_STEP", "7")
        monkeypatch.setenv("SECRET_OF_THE_SERVER", "1234")
        both = [Games(VisitorLimits(), private=private, parent=Path(folder)) for private in (True, False)]
        begun = [await each.begin(80, 24) for each in both]
        for game in begun:
            await screen_of(game, b"Sketch")
        yield begun[0], begun[1]
        for game in begun:
            await game.close()
        for each in both:
            each.close()
        assert not os.listdir(folder)


def environment_of(game: BrowserGame) -> dict[str, str]:
    lines = Path(f"/proc/{game.visitor.game.pid}/environ").read_bytes().split(b"\0")
    return dict(line.decode().split("=", 1) for line in lines if line)


async def screen_of(game: BrowserGame, until: bytes, seconds: float = 90) -> bytes:
    seen = b""
    async with asyncio.timeout(seconds):
        while until not in seen:
            seen += await game.read()
    return seen


async def test_a_visitors_game_knows_nothing_of_the_servers_user(
    games: tuple[BrowserGame, BrowserGame], users_home: Path
) -> None:
    visitors, _ = games
    environment = environment_of(visitors)
    home = visitors.visitor.home.path
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert environment["HOME"] == str(home)
    assert all(str(home) in value for name, value in environment.items() if name.startswith("XDG_"))
    assert "SECRET_OF_THE_SERVER" not in environment
    assert not any(str(users_home) in value for value in environment.values())


async def test_the_users_own_game_has_the_users_settings_and_folders(
    games: tuple[BrowserGame, BrowserGame], users_home: Path
) -> None:
    _, own = games
    environment = environment_of(own)
    assert environment["HOME"] == str(users_home)
    assert environment["XDG_DATA_HOME"] == str(users_home / "mine")
    assert environment["VOICETRAIL_STEP"] == "7"
    assert "SECRET_OF_THE_SERVER" not in environment


async def test_no_game_opens_the_servers_microphone(games: tuple[BrowserGame, BrowserGame]) -> None:
    for game in games:
        # The key that lists the inputs, in a round; and a setting that would name one.
        for keys in (b"\x1b[C", b"d"):
            await game.write(keys)
            await asyncio.sleep(0.5)
        pid = game.visitor.game.pid
        opened = {os.path.realpath(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
        assert not any("/dev/snd" in each or "pulse" in each for each in opened)
        assert "portaudio" not in Path(f"/proc/{pid}/maps").read_text().lower()
        assert "sounddevice" not in Path(f"/proc/{pid}/maps").read_text()
