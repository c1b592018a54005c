"""Nobody else on the far machine hears the line of `voicetrail ssh`, nor speaks into it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.ssh_line import ROOT, CountingMicrophone, Far, command
from tests.e2e.sshd import SshServer


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
