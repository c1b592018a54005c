"""A real SSH server on loopback for the end-to-end tests, with its own keys, and a proxy that makes the line long."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.lab import VOICETRAIL, needs, wait_until

HOST = "vt"
"""The server's name in the client's configuration."""


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class SshServer:
    """An sshd on loopback that lets this user in by a key made for the test.

    Args:
        folder: an empty folder with a short path.
        options: further lines of its configuration; they win over the usual ones.
        port: where the client connects, if not to the server itself (a proxy).
    """

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        needs("ssh", "sshd", "ssh-keygen")
        self.folder = folder
        self.port = free_port()
        for key in ("client_key", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
        (folder / "authorized_keys").write_text((folder / "client_key.pub").read_text())
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        given = " ".join(f'"{name}={value}"' for name, value in (environment or {}).items())
        config = [
            *options,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {folder}/host_key",
            f"PidFile {folder}/sshd.pid",
            f"AuthorizedKeysFile {folder}/authorized_keys",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "AllowStreamLocalForwarding yes",
            *([f"SetEnv {given}"] if given else []),
        ]
        (folder / "sshd_config").write_text("\n".join(config) + "\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self.client_config()
        self.log = folder / "sshd.log"
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def client_config(self, *options: str, port: int | None = None, host: str = "127.0.0.1") -> None:
        """Write the client's configuration; ``options`` win over the usual ones."""
        lines = [
            f"Host {HOST}",
            *options,
            f"HostName {host}",
            f"Port {port or self.port}",
            f"User {self.user}",
            f"IdentityFile {self.folder}/client_key",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            f"UserKnownHostsFile {self.folder}/known_hosts",
            "StrictHostKeyChecking accept-new",
        ]
        (self.folder / "ssh_config").write_text("\n".join(lines) + "\n")

    @property
    def options(self) -> list[str]:
        """Options of ssh that name the client's configuration."""
        return ["-F", str(self.folder / "ssh_config")]

    def voicetrail_ssh(self, *own: str, play: tuple[str, ...] = (), remote: list[str] | None = None) -> list[str]:
        """The command line of ``voicetrail ssh`` to this server."""
        there = shlex.join(VOICETRAIL if remote is None else remote)
        return [*VOICETRAIL, "ssh", "--remote-command", there, *own, HOST, *self.options, *(["--", *play] if play else [])]

    def start(self) -> None:
        """Start the server."""
        self._server = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-E", str(self.log), "-f", str(self.folder / "sshd_config")], stderr=subprocess.DEVNULL
        )

        def listens() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False

        wait_until(listens, what="the ssh server")

    def kill_sessions(self) -> None:
        """Kill every connection's processes on the server's side, as a crash would; the server itself goes on."""
        assert self._server is not None
        for pid in _children(self._server.pid):
            for below in (*_children(pid), pid):
                if _name(below).startswith("sshd"):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(below, signal.SIGKILL)

    def close(self) -> None:
        """End the server and every session."""
        if self._server is not None:
            self.kill_sessions()
            self._server.kill()
            self._server.wait(5)
            self._server = None


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task")
        return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    return []


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


class DelayProxy:
    """A TCP proxy that holds everything back for so many seconds, both ways. Its process can be stopped: a network that stands.

    Args:
        target: the port to connect to.
        delay: seconds one way.
    """

    def __init__(self, target: int, delay: float) -> None:
        self.port = free_port()
        self._process = subprocess.Popen([sys.executable, "-m", "tests.e2e.sshd", str(self.port), str(target), str(delay)])

        def listens() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False

        wait_until(listens, what="the proxy")

    def stand(self) -> None:
        """Let the network stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End the proxy and its connections."""
        self._process.kill()
        self._process.wait(5)


def _proxy(port: int, target: int, delay: float) -> None:
    server = socket.create_server(("127.0.0.1", port))
    while True:
        near, _ = server.accept()
        far = socket.create_connection(("127.0.0.1", target))
        for source, sink in ((near, far), (far, near)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_carry, args=(source, sink, delay), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket, delay: float) -> None:
    """Carry bytes one way. Each piece leaves ``delay`` after it came, whatever came before it."""
    pieces: list[tuple[float, bytes]] = []
    ready = threading.Condition()

    def send() -> None:
        with contextlib.suppress(OSError):
            while True:
                with ready:
                    while not pieces:
                        ready.wait()
                    due, data = pieces.pop(0)
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    break
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()
    data = b"start"
    while data:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        with ready:
            pieces.append((time.monotonic() + delay, data))
            ready.notify()


@contextlib.contextmanager
def delayed(target: int, delay: float) -> Iterator[DelayProxy]:
    """A proxy for the time of a test."""
    proxy = DelayProxy(target, delay)
    try:
        yield proxy
    finally:
        proxy.close()


if __name__ == "__main__":
    _proxy(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
