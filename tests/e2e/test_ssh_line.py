"""`voicetrail ssh` against a real sshd on loopback; at the far end stands ``far_side``, which writes down what it hears when."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import TmuxTerminal, wait_until
from tests.e2e.sshd import HOST, SshServer, delayed, free_port

ROOT = Path(__file__).parents[2]
FAR = [sys.executable, "-m", "tests.e2e.far_side"]
BLOCK = 320


class CountingMicrophone:
    """A FIFO of raw sound whose n-th block consists of the number n, and the times at which each was spoken."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fifo"
        os.mkfifo(self.path)
        self.spoken: list[float] = []
        self._stop = threading.Event()
        # Open at both ends, so that a microphone which nobody reads does not block.
        self._fifo = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def _speak(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            due += BLOCK / 16_000
            time.sleep(max(0.0, due - time.monotonic()))
            with contextlib.suppress(BlockingIOError):
                os.write(self._fifo, np.full(BLOCK, len(self.spoken) + 1, dtype="<i2").tobytes())
                self.spoken.append(time.monotonic())

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2)
        os.close(self._fifo)


@pytest.fixture
def microphone(short_path: Path) -> Iterator[CountingMicrophone]:
    microphone = CountingMicrophone(short_path)
    yield microphone
    microphone.close()


@pytest.fixture
def open_server(short_path: Path) -> Iterator[Callable[..., SshServer]]:
    """Opens a server with these lines of configuration."""
    opened: list[SshServer] = []

    def open_one(*options: str, **more: Any) -> SshServer:
        folder = short_path / f"sshd{len(opened)}"
        folder.mkdir()
        # The far side is run from the checkout, as an installed program would be from anywhere.
        environment = {"PYTHONPATH": str(ROOT), **more.pop("environment", {})}
        opened.append(SshServer(folder, *options, environment=environment, **more))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


class Far:
    """What the far side wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def sounds(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if "sound" in entry]

    def news(self) -> list[str]:
        return [entry["news"] for entry in self.entries() if "news" in entry]

    def wait_for_sounds(self, count: int, timeout: float = 25.0) -> None:
        wait_until(lambda: len(self.sounds()) >= count, timeout, what=f"sound at the far side ({self.news()})")

    def delays(self, microphone: CountingMicrophone) -> list[float]:
        """Seconds from the mouth to the far side's ears, of each block."""
        return [entry["at"] - microphone.spoken[entry["sound"] - 1] for entry in self.sounds() if entry["sound"] > 0]


@pytest.fixture
def far(tmp_path: Path) -> Far:
    return Far(tmp_path / "far.log")


def command(server: SshServer, microphone: CountingMicrophone, far: Far, *own: str) -> list[str]:
    ours = ["--source", str(microphone.path), "--no-level", *own]
    return server.voicetrail_ssh(*ours, play=("--log", str(far.path)), remote=FAR)


def left_behind(short_path: Path) -> list[str]:
    """Processes that carry this test's folder in their command line, and sockets, that are still there."""
    left = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if str(short_path) in line and not line.startswith(("tmux", "/usr/sbin/sshd", "sshd: /usr/sbin/sshd")):
                    left.append(line)
    return left + [str(path) for path in Path("/tmp").glob("voicetrail-*") if path.is_dir() or path.suffix == ".sock"]


def await_nothing(short_path: Path, before: set[str]) -> None:
    end = time.monotonic() + 8
    while left := set(left_behind(short_path)) - before:
        assert time.monotonic() < end, left
        time.sleep(0.1)


@pytest.fixture
def nothing_left(short_path: Path) -> Iterator[None]:
    """What was there before the test may be there after it, and no more."""
    before = set(left_behind(short_path))
    yield
    await_nothing(short_path, before)


def lines_of(screen: str) -> list[str]:
    return [line for line in screen.splitlines() if line.strip() and not line.startswith("Pane is dead")]


@pytest.mark.usefixtures("nothing_left")
def test_the_sound_arrives_in_order_without_loss_and_hardly_later(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far
) -> None:
    server = open_server()
    screen = terminal(command(server, microphone, far), cwd=ROOT)
    far.wait_for_sounds(150)
    screen.send_keys("C-c")
    screen.wait_for_exit()
    sounds = far.sounds()
    # Two blocks that waited together come as one.
    for before, after in pairwise(sounds):
        assert after["sound"] == before["sound"] + before["count"] // BLOCK
    assert sum(entry["lost"] for entry in sounds) == 0
    assert median(far.delays(microphone)[10:]) < 0.06
    assert sounds[-1]["delay"] < 0.06


@pytest.mark.parametrize("one_way", [0.05, 0.15, 0.3])
def test_a_long_line_costs_its_own_length_and_no_more(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far, one_way: float
) -> None:
    server = open_server()
    with delayed(server.port, one_way) as proxy:
        server.client_config(port=proxy.port)
        screen = terminal(command(server, microphone, far), cwd=ROOT)
        far.wait_for_sounds(200, 30)
        screen.send_keys("C-c")
        screen.wait_for_exit()
    sounds, delays = far.sounds()[100:], far.delays(microphone)[100:]
    assert sum(entry["lost"] for entry in sounds) == 0
    assert one_way <= median(delays) < one_way + 0.06
    assert sounds[-1]["delay"] == pytest.approx(one_way, abs=0.06), "what the screen shows as the line's delay"
    shown = [entry["at"] - entry["captured"] for entry in sounds]
    assert median(shown) == pytest.approx(median(delays), abs=0.06)


def test_a_network_that_stands_for_ten_seconds_is_told_and_survived(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far
) -> None:
    server = open_server()
    with delayed(server.port, 0.02) as proxy:
        server.client_config(port=proxy.port)
        screen = terminal(command(server, microphone, far), cwd=ROOT)
        far.wait_for_sounds(100, 20)
        proxy.stand()
        time.sleep(10)
        assert far.news()[-1] == "SourceDelayed"
        before = len(far.sounds())
        proxy.go_on()
        far.wait_for_sounds(before + 100)
        assert far.news()[-1] == "SourceBack"
        assert screen.exit_status is None
        sounds, delays = far.sounds()[before:], far.delays(microphone)[before:]
        assert sum(entry["lost"] for entry in sounds) > 8 * 16_000
        assert max(delays) < 0.75, "nothing that is older moves the pen"
        assert median(delays[-30:]) < 0.1, "and the delay is the old one again"


def test_where_unix_sockets_are_forbidden_a_port_with_a_secret_is_taken(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    far: Far,
    home: dict[str, str],
) -> None:
    server = open_server("AllowStreamLocalForwarding no")
    screen = terminal(command(server, microphone, far), cwd=ROOT)
    far.wait_for_sounds(50, 60)
    kept = Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".cache" / "voicetrail"
    assert not list(kept.glob("line-*")), "the secret is removed once it was read"
    screen.send_keys("C-c")
    screen.wait_for_exit()
    assert sum(entry["lost"] for entry in far.sounds()) == 0


def other_key(server: SshServer) -> None:
    (server.folder / "authorized_keys").write_text("")


def other_host_key(server: SshServer) -> None:
    key = (server.folder / "client_key.pub").read_text().split()[1]
    (server.folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 {key}\n")


def nobody_there(server: SshServer) -> None:
    server.client_config(port=free_port())


def no_such_host(server: SshServer) -> None:
    server.client_config(host="nowhere.invalid")


def as_it_is(server: SshServer) -> None:
    del server


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("options", "environment", "prepare", "remote", "told"),
    [
        (["AllowStreamLocalForwarding no", "AllowTcpForwarding no"], {}, as_it_is, FAR, "forbids to forward"),
        ([], {}, as_it_is, ["voicetrail-is-not-here"], "there is no 'voicetrail-is-not-here' on vt"),
        ([], {}, as_it_is, ["false"], "older than this one"),
        ([], {"FAR_PROTOCOL": "0"}, as_it_is, FAR, "older than this one: run `pipx upgrade voicetrail` there"),
        ([], {"FAR_PROTOCOL": "99"}, as_it_is, FAR, "newer than this one: run `pipx upgrade voicetrail` here"),
        ([], {}, no_such_host, FAR, "there is no host vt"),
        ([], {}, nobody_there, FAR, "vt cannot be reached"),
        ([], {}, other_key, FAR, "vt refuses the login"),
        ([], {}, other_host_key, FAR, "another host key"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    far: Far,
    options: list[str],
    environment: dict[str, str],
    prepare: Callable[[SshServer], None],
    remote: list[str],
    told: str,
) -> None:
    server = open_server(*options, environment=environment)
    prepare(server)
    ours = ["--source", str(microphone.path), "--no-level"]
    line = server.voicetrail_ssh(*ours, play=("--log", str(far.path)), remote=remote)
    # tmux takes the first line away to say that the program has ended.
    screen = terminal(f"echo; {shlex.join(line)}", width=200, cwd=ROOT)
    assert screen.wait_for_exit(25) == 1
    shown = [text for text in lines_of(screen.capture()) if text.startswith("voicetrail:")]
    assert len(shown) == 1, screen.capture()
    assert told in shown[0]
    # The first visit to a host is told by ssh itself.
    others = [text for text in lines_of(screen.capture()) if text not in shown and "Permanently added" not in text]
    assert all("@@@" in text or told in ("another host key", "forbids to forward") for text in others), others
    assert not far.entries()


def kill_client(screen: TmuxTerminal, server: SshServer) -> None:
    os.kill(screen_child(screen), signal.SIGKILL)


def end_client(screen: TmuxTerminal, server: SshServer) -> None:
    os.kill(screen_child(screen), signal.SIGTERM)


def hang_up(screen: TmuxTerminal, server: SshServer) -> None:
    os.kill(screen_child(screen), signal.SIGHUP)


def kill_server(screen: TmuxTerminal, server: SshServer) -> None:
    server.kill_sessions()


def quit_game(screen: TmuxTerminal, server: SshServer) -> None:
    screen.send_keys("C-c")


def screen_child(screen: TmuxTerminal) -> int:
    """The `voicetrail ssh` below the shell of the pane."""
    children = (Path("/proc") / str(screen.pid) / "task" / str(screen.pid) / "children").read_text().split()
    return int(children[0])


WAYS_OUT = [kill_client, end_client, hang_up, kill_server, quit_game]


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_every_way_out_leaves_the_terminal_as_it_was(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    far: Far,
    tmp_path: Path,
    way_out: Callable[[TmuxTerminal, SshServer], None],
) -> None:
    server = open_server()
    modes = tmp_path / "modes"
    line = shlex.join(command(server, microphone, far))
    screen = terminal(f"stty -g > {modes}.before; {line}; sleep 3; stty -g > {modes}.after; echo back again; read", cwd=ROOT)
    far.wait_for_sounds(10)
    assert Path(f"{modes}.before").exists()
    way_out(screen, server)
    screen.wait_for("back again", 15)
    assert Path(f"{modes}.after").read_text() == Path(f"{modes}.before").read_text()
    if way_out is kill_server:
        assert "the line to vt dropped" in screen.capture()
    heard = len(far.sounds())
    time.sleep(0.3)
    assert len(far.sounds()) == heard, "the far side has ended too"


@pytest.mark.timeout(300)
def test_twenty_connections_and_drops_leave_nothing_behind(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    short_path: Path,
    tmp_path: Path,
) -> None:
    server = open_server()
    before = set(left_behind(short_path))
    for number in range(20):
        far = Far(tmp_path / f"far{number}.log")
        screen = terminal(f"{shlex.join(command(server, microphone, far))}; true", cwd=ROOT)
        far.wait_for_sounds(2)
        WAYS_OUT[number % len(WAYS_OUT)](screen, server)
        screen.wait_for_exit(15)
        screen.close()
    await_nothing(short_path, before)


def test_a_dropped_line_is_taken_up_again_when_asked(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far
) -> None:
    server = open_server()
    screen = terminal(command(server, microphone, far, "--reconnect"), cwd=ROOT)
    far.wait_for_sounds(10)
    server.kill_sessions()
    screen.wait_for("connecting again in", 10)
    far.path.unlink()
    far.wait_for_sounds(10, 60)
    screen.send_keys("C-c")
    screen.wait_for_exit()


@pytest.mark.usefixtures("nothing_left")
def test_shared_connections_work_and_lose_the_forward_at_the_end(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far, short_path: Path
) -> None:
    server = open_server()
    control = short_path / "control"
    server.client_config("ControlMaster auto", f"ControlPath {control}", "ControlPersist 60")
    for _ in range(2):
        screen = terminal(command(server, microphone, far), cwd=ROOT)
        far.wait_for_sounds(10)
        screen.send_keys("C-c")
        screen.wait_for_exit()
        far.path.unlink()
    assert control.exists(), "the player's own shared connection goes on"
    subprocess.run(["ssh", *server.options, "-O", "exit", HOST], capture_output=True, check=False)


def test_another_user_of_the_server_can_neither_listen_in_nor_speak(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    far: Far,
    home: dict[str, str],
) -> None:
    if os.geteuid() != 0 or shutil.which("runuser") is None:
        pytest.skip("only root can act as a second user (runuser)")
    unix, tcp = open_server(), open_server("AllowStreamLocalForwarding no")
    known, ports = set(Path("/tmp").glob("voicetrail-*")), listening_ports()
    screen = terminal(command(unix, microphone, far), cwd=ROOT)
    far.wait_for_sounds(10)
    # The game has removed its socket as soon as it was connected; the microphone's own end is private.
    (folder,) = set(Path("/tmp").glob("voicetrail-*")) - known
    local = folder / "mic"
    assert local.is_socket()
    assert as_nobody(f"connect(socket.AF_UNIX, {str(local)!r})") == "PermissionError"
    screen.send_keys("C-c")
    screen.wait_for_exit()
    far.path.unlink()
    screen = terminal(command(tcp, microphone, far), cwd=ROOT)
    far.wait_for_sounds(10, 60)
    (port,) = {port for port in listening_ports() - ports if 20_000 <= port < 32_000}
    heard = as_nobody(f"connect(socket.AF_INET, ('127.0.0.1', {port}))")
    assert "voicetrail-hello" in heard
    assert "audio" not in heard
    assert "payload" not in heard
    screen.send_keys("C-c")
    screen.wait_for_exit()


AS_NOBODY = """
import socket
def connect(family, address):
    line = socket.socket(family)
    line.settimeout(3)
    line.connect(address)
    heard = b''
    try:
        while len(heard) < 5000:
            data = line.recv(4096)
            if not data: break
            heard += data
    except TimeoutError:
        pass
    return heard
try:
    print(WHAT)
except OSError as error:
    print(type(error).__name__)
"""


def as_nobody(what: str) -> str:
    """Run a line of Python as another user of this machine."""
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    done = subprocess.run(
        ["runuser", "-u", "nobody", "--", python, "-c", AS_NOBODY.replace("WHAT", what)],
        capture_output=True,
        text=True,
        timeout=20,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def listening_ports() -> set[int]:
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {int(row.split()[1].split(":")[1], 16) for row in rows if row.split()[3] == "0A"}
