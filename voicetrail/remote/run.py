"""One run of `voicetrail ssh`: the microphone's server on this machine, the ssh process, and the end of both."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from voicetrail import output
from voicetrail.errors import RemoteError
from voicetrail.link.address import Address
from voicetrail.link.host_request import HostRequest, encode_request
from voicetrail.link.serving.server import Feed, LinkServer
from voicetrail.remote.janitor import Janitor
from voicetrail.remote.ssh import (
    PASSED_ON,
    SshOutcome,
    SshRequest,
    explain,
    explain_line,
    remote_script,
    ssh_command,
    store_command,
)

LINES_MAX = 50
"""Lines of ssh's own that are kept for an explanation."""
PORTS = range(20_000, 32_000)
"""Ports of the other machine's loopback that are tried where it forbids Unix sockets; below those that systems give out."""
ENDS_WITHIN_S = 3.0
"""Seconds that ssh is given to end by itself."""
STORES_WITHIN_S = 120.0
"""Seconds for logging in once more to leave the secret there; a password may have to be typed."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """How the sound gets there."""

    forward: str
    """What ssh's ``-R`` is given."""
    source: str
    """What the game's ``--source`` is given."""
    remove: tuple[str, ...]
    """Files there that it leaves."""
    socket: str = ""
    """The name of the socket there; empty where it is a port."""


def unix_tunnel(local: str, scheme: str) -> Tunnel:
    """A Unix socket on the other machine with a name that cannot be guessed; sshd makes it accessible only to its owner."""
    there = f"/tmp/voicetrail-{secrets.token_hex(16)}.sock"
    return Tunnel(f"{there}:{local}", f"{scheme}unix://{there}?once=1", (there,), there)


def tcp_tunnel(local: str, scheme: str, secret_file: str) -> Tunnel:
    """A loopback port of the other machine. Its other users can reach it too, so a secret is required."""
    port = PORTS[secrets.randbelow(len(PORTS))]
    source = f"{scheme}tcp://127.0.0.1:{port}?secret={secret_file}&once=1"
    return Tunnel(f"127.0.0.1:{port}:{local}", source, (secret_file,))


@dataclass
class SshRun:
    """Serves a feed to games on another machine, one after the other.

    Args:
        request: host and options.
        feed: what is served; ended with the session.
        janitor: cleans up if this process cannot.
        command: how voicetrail is called there.
        say: writes a line to the player while no game has the terminal.
        environment: this process's.
    """

    request: SshRequest
    feed: Feed
    janitor: Janitor
    command: Sequence[str]
    say: Callable[[str], None]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def __post_init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="voicetrail-")
        self.janitor.remove(self.folder)
        self._local = str(Path(self.folder) / "mic")
        self.server = LinkServer(self.feed, Address("wyoming", "unix", path=self._local), on_client=self._on_client)
        self.played = False
        """A game has listened, in the present connection."""
        self._process: subprocess.Popen[bytes] | None = None
        self._tcp = False

    def start(self) -> None:
        """Begin to serve."""
        self.server.start()

    def play(self) -> tuple[SshOutcome, int, str]:
        """Connect and play; where the server forbids Unix sockets, try again over TCP.

        Returns:
            How it ended, the exit code, and a line for the player.
        """
        scheme = "words+" if self.feed.content == "words" else ""
        if not self._tcp:
            outcome, code, message = self._connect(unix_tunnel(self._local, scheme))
            if outcome is not SshOutcome.NO_FORWARD:
                return outcome, code, message
            self._tcp = True
            self.say(f"{self.request.host} does not allow Unix sockets; trying a port with a secret")
        secret = secrets.token_hex(32)
        file = f".cache/voicetrail/line-{secrets.token_hex(8)}"
        self._store(file, secret)
        self.server.secret = secret.encode()
        outcome, code, message = self._connect(tcp_tunnel(self._local, scheme, file))
        if outcome is SshOutcome.NO_FORWARD:
            self._there(["rm", "-f", file])  # the script that removes it never ran
            message = (
                f"{self.request.host} does not allow forwarding of Unix sockets or ports: its sshd_config needs "
                "AllowStreamLocalForwarding yes (or AllowTcpForwarding yes)"
            )
        return outcome, code, message

    def close(self) -> None:
        """End ssh and the server, and restore everything; safe to call twice."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.janitor.restore()
        self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _on_client(self, count: int) -> None:
        self.played = self.played or count > 0

    def _connect(self, tunnel: Tunnel) -> tuple[SshOutcome, int, str]:
        environment = {name: self.environment[name] for name in PASSED_ON if self.environment.get(name)}
        script = remote_script(self.command, tunnel.source, self.request.play, remove=tunnel.remove, environment=environment)
        if tunnel.socket:
            asked = HostRequest(self.feed.content, tunnel.socket, tuple(self.request.play), environment.get("COLORTERM", ""))
            script = encode_request(asked) + script
        self.played = False
        process = subprocess.Popen(ssh_command(self.request, tunnel.forward, script), stderr=subprocess.PIPE)
        self._process = process
        self.janitor.end(process.pid)
        lines: list[str] = []
        assert process.stderr is not None
        relay = threading.Thread(target=self._relay, args=(process.stderr, lines), daemon=True)
        relay.start()
        code = process.wait()
        relay.join(0.5)
        self.janitor.end(0)
        self._process = None
        outcome, message = explain(code, lines, self.request.host, self.played, self.command[0])
        if self.played and (code < 0 or code >= 128):
            self.janitor.restore()
        self._cancel(tunnel)
        return outcome, code, message

    def _relay(self, stream: IO[bytes], lines: list[str]) -> None:
        """Pass on what ssh prints while it logs in (a key to touch, a banner), except for what is explained separately."""
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            lines.append(line)
            del lines[:-LINES_MAX]
            if not self.played and explain_line(line) is None and line.strip():
                output.write_error(line, end="\r\n")
        stream.close()

    def _there(self, command: list[str]) -> None:
        """Run a command on the other machine and ignore its outcome."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                ["ssh", *self.request.ssh, self.request.host, shlex.join(command)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=30,
                check=False,
            )

    def _store(self, file: str, secret: str) -> None:
        try:
            done = subprocess.run(
                store_command(self.request, file),
                input=f"{secret}\n".encode(),
                capture_output=True,
                timeout=STORES_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RemoteError(f"{self.request.host} did not accept the secret in time: try again") from None
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").splitlines()
            raise RemoteError(explain(255, lines, self.request.host, False, self.command[0])[1])

    def _cancel(self, tunnel: Tunnel) -> None:
        """Where connections are shared, the forward would remain with the shared one: cancel it."""
        known = subprocess.run(
            ["ssh", *self.request.ssh, "-G", self.request.host], capture_output=True, text=True, timeout=10, check=False
        ).stdout
        if "\ncontrolpath " in known and "\ncontrolpath none" not in known:
            subprocess.run(
                ["ssh", *self.request.ssh, "-O", "cancel", "-R", tunnel.forward, self.request.host],
                capture_output=True,
                timeout=10,
                check=False,
            )


def wait_between(attempt: int) -> float:
    """Seconds until the next try to connect again."""
    return float(min(2**attempt, 15))


def sleep(seconds: float) -> None:
    """Wait; a signal that ends the program ends the wait."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
