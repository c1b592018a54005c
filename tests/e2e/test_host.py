"""`voicetrail host` with the system's own ssh and with `voicetrail ssh`: by keys, by voice, and what is left of visitors who drop."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, Speech, TmuxTerminal, VirtualMicrophone, needs, wait_until
from tests.e2e.sshd import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
"""Seconds that a start may take on a busy machine."""
WORDS = ["up", "right", "right", "down", "left", "up", "left", "down"]


class Host:
    """A running `voicetrail host`."""

    def __init__(self, folder: Path, home: dict[str, str], *options: str) -> None:
        needs("ssh")
        self.folder = folder
        self.port = free_port()
        self.log = folder / "log"
        self.config = folder / "ssh_config"
        lines = [
            "Host vthost",
            "HostName 127.0.0.1",
            f"Port {self.port}",
            "User ada",
            "PreferredAuthentications none",
            "IdentityAgent none",
            f"UserKnownHostsFile {folder}/known_hosts",
            "StrictHostKeyChecking accept-new",
        ]
        self.config.write_text("\n".join(lines) + "\n")
        command = [
            *VOICETRAIL,
            "host",
            "--port",
            str(self.port),
            "--host-key",
            str(folder / "key"),
            "--log",
            str(self.log),
            *options,
        ]
        environment = {**os.environ, **home, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=(folder / "stderr").open("w"))
        wait_until(lambda: "listening" in self.events(), PATIENCE, what="the host")

    def events(self) -> list[str]:
        """The kinds of the log's lines."""
        return [line.split()[1] for line in self.lines()]

    def lines(self) -> list[str]:
        """The log's lines."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def ssh(self, *options: str) -> list[str]:
        """A command line of the system's ssh."""
        return ["ssh", "-F", str(self.config), *options, "vthost"]

    def voicetrail_ssh(self, *own: str, play: tuple[str, ...] = ()) -> list[str]:
        """A command line of `voicetrail ssh`."""
        return [*VOICETRAIL, "ssh", *own, "vthost", "-F", str(self.config), *(["--", *play] if play else [])]

    def games(self) -> list[int]:
        """Processes of visitors' games: those that run in a visitor's home."""
        found = []
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.readlink(process / "cwd").startswith(f"{self.folder}/voicetrail-visitors-"):
                        found.append(int(process.name))
        return found

    def close(self) -> None:
        """End it at once."""
        for _ in range(2):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                time.sleep(0.2)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@pytest.fixture
def host(short_path: Path, home: dict[str, str]) -> Iterator[Host]:
    running = Host(short_path, home, "--no-voice", "--per-address", "30")
    yield running
    running.close()


@pytest.fixture
def host_with_recognizer(short_path: Path, home: dict[str, str]) -> Iterator[Host]:
    running = Host(short_path, home)
    yield running
    running.close()


def opened(pid: int) -> list[str]:
    """What a process has open."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(descriptor))
    return found


def strokes(screen: TmuxTerminal) -> int:
    """How many the game in a terminal has drawn."""
    found = re.search(r"(\d+) strokes?", screen.capture())
    return int(found[1]) if found else 0


@pytest.mark.timeout(180)
def test_the_system_s_ssh_plays_by_keys_and_gets_nothing_else(host: Host, terminal: OpenTerminal) -> None:
    screen = terminal(host.ssh(), cwd=ROOT)
    screen.wait_for("to play by voice", PATIENCE)
    screen.send_keys("Right")  # the first row: a sketch
    screen.wait_for("c Clear", PATIENCE)
    for key in ("Up", "Right", "Down"):
        screen.send_keys(key)
    wait_until(lambda: strokes(screen) == 3, what="three strokes")
    screen.resize(80, 24)
    screen.send_keys("Left")
    wait_until(lambda: strokes(screen) == 4, what="a stroke in another window")
    screen.send_keys("q")
    screen.wait_for("choose", PATIENCE)
    screen.send_keys("q")
    assert screen.wait_for_exit() == 0
    for options, asked in (([], "id"), (["-s"], "sftp"), (["-tt"], "sh")):
        done = subprocess.run(
            [*host.ssh(*options), asked], capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode != 0
        assert "uid=" not in done.stdout
    for forward in (
        ["-L", f"{free_port()}:127.0.0.1:22"],
        ["-R", f"{free_port()}:127.0.0.1:22"],
        ["-D", str(free_port())],
        ["-X"],
        ["-A"],
    ):
        process = subprocess.run(
            host.ssh("-T", "-o", "ExitOnForwardFailure=yes", *forward),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert process.returncode != 0, forward
    wait_until(lambda: not host.games(), what="the end of every game")


@pytest.mark.timeout(240)
def test_voicetrail_ssh_plays_by_voice_with_the_sound_sent_and_with_words_alone(
    host_with_recognizer: Host, terminal: OpenTerminal, virtual_mic: VirtualMicrophone, speech: Speech
) -> None:
    host = host_with_recognizer
    lines = [host.voicetrail_ssh("--recognize", where, play=("sketch",)) for where in ("there", "here")]
    screens = [terminal(f"echo; {shlex.join(line)}", env=virtual_mic.env, cwd=ROOT) for line in lines]
    for screen in screens:
        screen.wait_for("● listening", PATIENCE)
    wait_until(lambda: virtual_mic.listeners() == 2, PATIENCE, what="two that listen")
    time.sleep(1.5)
    virtual_mic.play_samples(speech.joined(WORDS, seed=3))
    for screen in screens:
        wait_until(lambda screen=screen: strokes(screen) >= len(WORDS) - 2, what="the words in each game")  # type: ignore[misc]
        assert re.search(r"delay \d+ ms", screen.capture())
    assert len(host.games()) == 2
    for game in host.games():
        assert "libtorch" not in Path(f"/proc/{game}/maps").read_text()
        own = os.readlink(f"/proc/{game}/cwd")
        files = [path for path in opened(game) if path.startswith("/") and not path.startswith(("/dev/", f"{own}/"))]
        assert not files  # nothing of the host's, nor of the other visitor's
    came = [line for line in host.lines() if line.split()[1] == "came"]
    assert sorted(line.rpartition("plays_by=")[2] for line in came) == ["sound", "words"]
    # The host closes: who plays a sketch may go on with it; a second signal ends it.
    host.process.send_signal(signal.SIGTERM)
    for screen in screens:
        screen.wait_for("this host is shutting down")
    host.process.send_signal(signal.SIGTERM)
    for screen in screens:
        assert screen.wait_for_exit() == 0
        assert "this host is shutting down; come back later" in screen.capture()
    assert host.process.wait(30) == 0
    assert host.events()[-1] == "closed"
    assert not list(host.folder.glob("voicetrail-*"))
    written = host.log.read_text() + (host.folder / "stderr").read_text()
    # No words and no names of devices; `left` is an event, and a host shuts down.
    assert not re.search(r"\b(up|right|mic|pulse|virtual)", written)


@pytest.mark.timeout(240)
def test_twenty_that_connect_and_drop_leave_nothing(host: Host) -> None:
    # A terminal for each: ssh itself asks for one.
    script = "import os, pty, sys; pty.spawn(sys.argv[1:])"
    descriptors = f"/proc/{host.process.pid}/fd"

    def come(count: int) -> list[subprocess.Popen[bytes]]:
        before = host.events().count("came")
        visitors = [
            subprocess.Popen(
                [sys.executable, "-c", script, *host.ssh("-tt", "-R", f"/tmp/visitor-x{number}.sock:/nowhere")],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            for number in range(count)
        ]
        wait_until(lambda: host.events().count("came") == before + count, PATIENCE, what="everybody")
        wait_until(lambda: len(host.games()) == count, PATIENCE, what="a game for each")
        return visitors

    def drop(visitors: list[subprocess.Popen[bytes]]) -> None:
        for visitor in visitors:
            os.killpg(visitor.pid, signal.SIGKILL)
            visitor.wait()
        wait_until(lambda: host.events().count("left") == host.events().count("came"), PATIENCE, what="everybody's end")
        wait_until(lambda: not host.games(), what="the end of every game")

    drop(come(5))  # what is made once, as asyncio's threads
    open_files = len(os.listdir(descriptors))
    for _ in range(4):
        drop(come(5))
    wait_until(lambda: len(os.listdir(descriptors)) == open_files, what="the end of every connection")
    # Pools grow up to their bounds: asyncio's, the one of the scores.
    assert len(os.listdir(f"/proc/{host.process.pid}/task")) < 10
    (homes,) = host.folder.glob("voicetrail-visitors-*")
    assert [path.name for path in homes.iterdir()] == ["lock"]
    assert not list(Path("/tmp").glob("visitor-x*.sock"))


@pytest.mark.timeout(240)
def test_a_host_that_is_killed_leaves_no_process_and_the_next_one_tidies_up(
    short_path: Path, home: dict[str, str], terminal: OpenTerminal
) -> None:
    first = Host(short_path, home)
    screen = terminal(first.ssh(), cwd=ROOT)
    screen.wait_for("to play by voice", PATIENCE)
    below = [
        int(pid)
        for task in Path(f"/proc/{first.process.pid}/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]
    assert len(below) >= 2  # the recognizer, and the game or what it was forked from
    first.process.kill()
    first.process.wait()
    screen.wait_for_exit()
    wait_until(lambda: not first.games(), what="the end of the game")
    wait_until(lambda: not [pid for pid in below if Path(f"/proc/{pid}").exists()], what="the end of what the host had started")
    assert len(list(short_path.glob("voicetrail-visitors-*"))) == 1
    first.log.unlink()
    second = Host(short_path, home, "--no-voice")
    try:
        (folder,) = short_path.glob("voicetrail-visitors-*")
        assert [path.name for path in folder.iterdir()] == ["lock"]
    finally:
        second.close()
    assert not list(short_path.glob("voicetrail-visitors-*"))
