"""Every way out of `voicetrail ssh` leaves both ends as they were, and a line that dropped can be taken up again."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import TmuxTerminal
from tests.e2e.ssh_line import ROOT, CountingMicrophone, Far, await_nothing, command, left_behind
from tests.e2e.sshd import HOST, SshServer


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


AFTER = """
for _ in $(seq 100); do stty -g > {modes}.after; cmp -s {modes}.before {modes}.after && break; sleep 0.1; done
echo back again; read
"""
"""Waits for the terminal's modes to be the old ones: of a client that was killed, another process puts them back."""

WAYS_OUT = [kill_client, end_client, hang_up, quit_game, kill_server]
"""The last ends whatever else is connected as well."""


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
    screen = terminal(f"stty -g > {modes}.before; {line}{AFTER.format(modes=modes)}", cwd=ROOT)
    far.wait_for_sounds(10)
    assert Path(f"{modes}.before").exists()
    way_out(screen, server)
    screen.wait_for("back again")
    assert Path(f"{modes}.after").read_text() == Path(f"{modes}.before").read_text()
    if way_out is kill_server:
        assert "the connection to vt was lost" in screen.capture()
    far.wait_for_the_end()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("own", [(), ("--reconnect", "--recognize", "here")], ids=["sound", "words, reconnecting"])
def test_twenty_connections_and_drops_leave_nothing_behind(
    own: tuple[str, ...],
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    short_path: Path,
    tmp_path: Path,
) -> None:
    server = open_server()
    before = set(left_behind(short_path))
    for turn in range(20):
        far = Far(tmp_path / f"far{turn}.log")
        screen = terminal(f"{shlex.join(command(server, microphone, far, *own))}; true", cwd=ROOT)
        far.wait_for_sounds(1 if own else 2)
        way_out = WAYS_OUT[turn % len(WAYS_OUT)]
        way_out(screen, server)
        if own and way_out is kill_server:
            screen.wait_for("reconnecting in")
            screen.send_keys("C-c")
        screen.wait_for_exit()
        screen.close()
    await_nothing(short_path, before)


def test_a_dropped_line_is_taken_up_again_when_asked(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far
) -> None:
    server = open_server()
    screen = terminal(command(server, microphone, far, "--reconnect"), cwd=ROOT)
    far.wait_for_sounds(10)
    server.kill_sessions()
    screen.wait_for("reconnecting in")
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
