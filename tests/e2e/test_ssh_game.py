"""`voicetrail ssh` with the real game at the far end and real clips played into the virtual microphone at the near end."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, Sound, Speech, TmuxTerminal, VirtualMicrophone, wait_until
from tests.e2e.sshd import SshServer

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
"""Seconds that a start may take on a busy machine."""
WORDS = ["up", "right", "right", "down", "left", "up", "left", "down"]


@pytest.fixture
def server(short_path: Path, home: dict[str, str]) -> Iterator[SshServer]:
    folder = short_path / "sshd"
    folder.mkdir()
    server = SshServer(folder, environment={"PYTHONPATH": str(ROOT), **home})
    yield server
    server.close()


@pytest.fixture
def sound(speech: Speech) -> Sound:
    return speech.joined(WORDS, seed=3)


def words_kept(file: Path) -> list[str]:
    """The words in a session's file, in their order."""
    done = subprocess.run(
        [*VOICETRAIL, "replay", str(file), "--text"], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True
    )
    return re.findall(r"\bheard (\w+)", done.stdout)


def strokes(screen: TmuxTerminal) -> int:
    """How many the game in a terminal has drawn."""
    found = re.search(r"(\d+) strokes", screen.capture())
    return int(found[1]) if found else 0


def shown(command: list[str]) -> str:
    """A command line below an empty line: tmux takes the first line away to say that the program has ended."""
    return f"echo; {shlex.join(command)}"


@pytest.mark.timeout(240)
def test_words_spoken_here_draw_there_as_they_do_locally(
    server: SshServer, terminal: OpenTerminal, virtual_mic: VirtualMicrophone, sound: Sound, tmp_path: Path
) -> None:
    # All three listen to one microphone at the same time, so that they hear the very same sound.
    files = {name: tmp_path / f"{name}.trail" for name in ("local", "there", "here")}
    lines = [
        [*VOICETRAIL, "play", "--record", str(files["local"])],
        server.voicetrail_ssh("--recognize", "there", play=("--record", str(files["there"]))),
        server.voicetrail_ssh("--recognize", "here", play=("--record", str(files["here"]))),
    ]
    screens = [terminal(shown(line), env=virtual_mic.env, cwd=ROOT) for line in lines]
    for screen in screens:
        screen.wait_for("● listening", PATIENCE)
    wait_until(lambda: virtual_mic.listeners() == 3, PATIENCE, what="three that listen")
    time.sleep(1.5)
    virtual_mic.play_samples(sound)
    for screen in screens:
        wait_until(lambda screen=screen: strokes(screen) >= len(WORDS) - 2, what="the words in each game")  # type: ignore[misc]
    # What one of them heard last is on its way to the others, if it is there at all.
    time.sleep(1.5)
    for screen in screens[1:]:
        assert re.search(r"delay \d+ ms", screen.capture()), "the screen gives the delay of the line"
    for screen in screens:
        screen.send_keys("q")
    for screen in screens:
        assert screen.wait_for_exit() == 0, screen.capture()
    heard = {name: words_kept(file) for name, file in files.items()}
    assert len(heard["local"]) >= len(WORDS) - 2, heard
    for far in ("there", "here"):
        assert len(heard[far]) >= len(heard["local"]), heard
        rest = iter(heard[far])
        assert all(word in rest for word in heard["local"]), heard


@pytest.mark.timeout(240)
def test_the_microphone_pulled_out_here_is_reported_there_and_comes_back(
    server: SshServer, terminal: OpenTerminal, virtual_mic: VirtualMicrophone
) -> None:
    screen = terminal(server.voicetrail_ssh(), env=virtual_mic.env, cwd=ROOT)
    screen.wait_for("● listening", PATIENCE)
    virtual_mic.wait_for_listener()
    virtual_mic.unplug()
    screen.wait_for("! no sound")
    screen.send_keys("Up")
    screen.wait_for("1 stroke")
    virtual_mic.plug()
    wait_until(lambda: "! no sound" not in screen.capture(), what="the sound's return")
    screen.send_keys("q")
    screen.wait_for_exit()


def test_a_dead_microphone_is_noticed_before_the_game(
    server: SshServer, terminal: OpenTerminal, virtual_mic: VirtualMicrophone
) -> None:
    screen = terminal(server.voicetrail_ssh(), env=virtual_mic.env, cwd=ROOT, width=160)
    screen.wait_for("there is no sound from")
    screen.wait_for("dB")  # the level goes on below what was said
    screen.send_keys("C-c")
    assert screen.wait_for_exit() == 130


def test_no_microphone_is_one_line(server: SshServer, terminal: OpenTerminal, short_path: Path) -> None:
    env = {"PULSE_SERVER": f"unix:{short_path}/none", "XDG_RUNTIME_DIR": str(short_path)}
    line = " ".join(server.voicetrail_ssh("--device", "nosuchmicrophone"))
    screen = terminal(f"echo; {line.replace('--remote-command ' + ' '.join(VOICETRAIL), '')}", env=env, width=200, cwd=ROOT)
    assert screen.wait_for_exit() == 1
    assert "voicetrail:" in screen.capture()


@pytest.mark.parametrize("arguments", [["vt"], ["vt", "--", "--ascii"]])
def test_no_terminal_is_refused_and_listen_named(arguments: list[str]) -> None:
    done = subprocess.run(
        [*VOICETRAIL, "ssh", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert "voicetrail listen" in done.stderr
    assert len(done.stderr.splitlines()) == 1
