"""The game as a visitor plays it: what it cannot do, and what it says to the host."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.host.serving import open_host, read_until, until
from voicetrail.cli import main
from voicetrail.errors import ReplayError, SettingsError
from voicetrail.events import WordHeard
from voicetrail.game import RoundSetup, make_rules
from voicetrail.link.host_request import HostRequest, encode_request
from voicetrail.play.visitor import LOCKED, VisitorContext, visitor_flags
from voicetrail.settings import load_settings
from voicetrail.visitors.channel import VARIABLE, GameChannel, VisitTerms

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ends() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def made(ends: tuple[socket.socket, socket.socket], tmp_path: Path, **terms: object) -> VisitorContext:
    """A visitor's session whose host is the first of the ends."""
    known = VisitTerms(ends[1].fileno(), "ada", **terms)  # type: ignore[arg-type]
    env = {"VOICETRAIL_CONFIG_DIR": str(tmp_path / "config"), "VOICETRAIL_STATE_DIR": str(tmp_path / "state")}
    settings = load_settings(visitor_flags(known), env=env)
    return VisitorContext(settings, known, GameChannel(ends[1]))


def said(end: socket.socket) -> list[dict[str, object]]:
    end.settimeout(5)
    return [json.loads(line) for line in end.recv(65536).splitlines()]


def test_settings_that_name_files_devices_and_addresses_are_locked(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    context = made(ends, tmp_path)
    for name, value in {
        "source": "/etc/passwd",
        "device": "0",
        "weights": "/etc/passwd",
        "record": True,
        "record_audio": True,
    }.items():
        with pytest.raises(SettingsError, match="the host has fixed it"):
            context.settings.set(name, value)
        with pytest.raises(SettingsError):
            context.settings.reset(name)
    context.settings.set("theme", "daylight")
    assert context.settings.values.source == "none"
    assert context.withheld >= {"microphone", "words", "teach", "screenshot", "replays", "record", "calibrate"}
    assert context.state == "keyboard"


def test_nothing_is_recorded_unless_the_host_gives_space(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    context = made(ends, tmp_path)
    context.begin_round(make_rules(RoundSetup("sketch")))
    with pytest.raises(ReplayError, match="does not allow recordings"):
        context.recording.toggle(0)
    context.leave_round()
    assert not (tmp_path / "data").exists()

    context = made(socket.socketpair(), tmp_path, recordings_bytes=200_000)
    context.begin_round(make_rules(RoundSetup("sketch")))
    context.recording.toggle(0)
    context.recording.toggle(0)
    (recorded,) = (tmp_path / "data" / "voicetrail" / "replays").glob("*.trail")
    recorded.with_name("more.trail").write_bytes(bytes(150_000))
    with pytest.raises(ReplayError, match="all the space"):
        context.recording.toggle(0)


def test_the_host_learns_of_rounds_and_of_words_and_nothing_more(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    context = made(ends, tmp_path, source="words+unix:///nowhere")
    context.begin_round(make_rules(RoundSetup("maze", seed=1)))
    context.observe(WordHeard(0, "up", 0.9))
    context.observe(WordHeard(1, "up", 0.9))
    context.leave_round()
    messages = said(ends[0])
    assert messages[-3:] == [{"round": True}, {"active": True}, {"round": False}] or messages[-1] == {"round": False}
    assert messages.count({"active": True}) == 1
    assert {key for message in messages for key in message} == {"round", "active"}


def test_no_round_begins_once_the_host_closes(ends: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    context = made(ends, tmp_path)
    shown: list[object] = []
    context.start(shown.extend)
    ends[0].sendall(b'{"say": "hello"}\n{"closing": 30}\n')
    end = time.monotonic() + 10
    while not context.closing and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(ReplayError, match="shutting down"):
        context.begin_round(make_rules(RoundSetup("maze", seed=1)))
    assert [str(getattr(each, "message", "")).partition(":")[0] for each in shown] == ["hello", "this host is shutting down"]
    context.close()


@pytest.mark.parametrize(
    "wrong",
    [
        "--source=/etc/passwd",
        "--device=0",
        "--weights=/etc/passwd",
        "--words=x",
        "--record-audio",
        "--background=/etc/passwd",
        "--announce",
    ],
)
def test_options_that_name_files_are_none_of_a_visitor_s(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["visit", wrong]) == 2
    assert "unrecognized arguments" in capsys.readouterr().err


def test_it_cannot_be_started_by_hand(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert main(["visit"]) == 2
    assert "started by `voicetrail host`" in capsys.readouterr().err


def test_every_locked_setting_is_a_setting() -> None:
    from voicetrail.settings import SETTINGS

    assert set(SETTINGS) >= LOCKED


async def test_a_real_game_is_played_by_keys_and_loads_no_torch() -> None:
    async with open_host(game=None) as host, host.connect() as connection:
        request = encode_request(HostRequest("sound", "/none", ("maze", "small", "--seed", "3")))
        process = await connection.create_process(request, term_type="xterm-256color", term_size=(100, 30), encoding=None)
        await read_until(process, "to play by voice", 60)
        (visitor,) = host.server.visitors
        await until(lambda: visitor.in_round)
        maps = Path(f"/proc/{visitor.game.pid}/maps").read_text()
        assert not any(name in maps for name in ("libtorch", "portaudio", "sndfile"))
        opened = [os.readlink(path) for path in Path(f"/proc/{visitor.game.pid}/fd").iterdir()]
        assert not [
            path
            for path in opened
            if path.startswith("/") and not path.startswith(("/dev/pts", "/dev/null", str(visitor.home.path)))
        ]
        process.stdin.write(b"q")
        await until(lambda: not visitor.in_round)
        process.stdin.write(b"q")
        assert (await process.wait()).exit_status == 0


async def test_an_option_that_is_none_of_a_visitor_s_is_one_line_on_the_visitor_s_terminal() -> None:
    async with open_host(game=None) as host, host.connect() as connection:
        request = encode_request(HostRequest("sound", "/none", ("--source", "/etc/passwd")))
        done = await connection.run(request, term_type="xterm-256color", term_size=(100, 30))
        assert done.exit_status == 2
        assert "unrecognized arguments: --source" in str(done.stdout)


def test_without_asyncssh_the_host_says_how_to_install_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['asyncssh'] = None; from voicetrail.cli import main; sys.exit(main(['host']))"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install 'voicetrail[host]'" in done.stderr
