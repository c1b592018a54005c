"""One `voicetrail ssh` with an `ssh` of our own in its place: what it is called with, and what is left afterwards."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.link.feeding import Steady
from voicetrail.errors import RemoteError
from voicetrail.link.serving.feeds import SoundFeed
from voicetrail.remote.run import SshRun, tcp_tunnel, unix_tunnel, wait_between
from voicetrail.remote.ssh import SshOutcome, SshRequest

FAKE = """#!/bin/sh
n=$(cat "{folder}/count" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "{folder}/count"
printf '%s\\n' "$@" > "{folder}/call$n"
case " $* " in *" -G "*) echo "hostname desk"; exit 0;; esac
{body}
"""


class NoJanitor:
    """Stands in for the process beside it, which the janitor's own tests have."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.ended: list[int] = []
        self.restored = 0

    def remove(self, folder: str) -> None:
        self.folders.append(folder)

    def end(self, pid: int) -> None:
        self.ended.append(pid)

    def restore(self) -> None:
        self.restored += 1


class Stage:
    def __init__(self, folder: Path, body: str) -> None:
        self.folder, self.lines = folder, list[str]()
        program = folder / "ssh"
        program.write_text(FAKE.format(folder=folder, body=body))
        program.chmod(0o755)
        self.janitor = NoJanitor()
        request = SshRequest("desk", ("-p", "22"), ("--size", "3"))
        self.run = SshRun(request, SoundFeed(Steady()), self.janitor, ["voicetrail"], self.lines.append)  # type: ignore[arg-type]
        self.run.start()

    def call(self, number: int) -> list[str]:
        return (self.folder / f"call{number}").read_text().split("\n")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Stage]]:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    stages: list[Stage] = []
    yield stages
    for each in stages:
        each.run.close()


def stage(made: list[Stage], tmp_path: Path, body: str) -> Stage:
    made.append(Stage(tmp_path, body))
    return made[-1]


def test_exit_code_is_returned_and_no_files_are_left(made: list[Stage], tmp_path: Path) -> None:
    it = stage(made, tmp_path, "exit 7")
    folder = Path(it.run.folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert it.janitor.folders == [str(folder)]
    assert it.run.play() == (SshOutcome.ENDED, 7, "")
    call = it.call(1)
    assert call[:2] == ["-p", "22"]
    forward = call[call.index("-R") + 1]
    assert forward.endswith(f":{folder}/mic")
    assert "?once=1" in "".join(call)
    assert it.janitor.ended[-1] == 0, "the janitor has nobody to end any more"
    it.run.close()
    it.run.close()
    assert not folder.exists()


def test_tcp_with_a_secret_replaces_forbidden_unix_sockets(made: list[Stage], tmp_path: Path) -> None:
    body = (
        'case $n in 1) echo "Error: remote port forwarding failed for listen path" >&2; exit 255;; 3) cat > {f};; esac; exit 0'
    )
    it = stage(made, tmp_path, body.replace("{f}", str(tmp_path / "stored")))
    assert it.run.play()[0] is SshOutcome.ENDED
    assert it.lines == ["desk does not allow Unix sockets; trying a port with a secret"]
    stored = (tmp_path / "stored").read_bytes().strip()
    assert it.run.server.secret == stored
    assert len(stored) == 64
    play = "".join(it.call(4))
    assert "tcp://127.0.0.1:" in play
    assert stored.decode() not in play, "the secret is on no command line"


def test_a_server_that_forbids_every_forward_is_explained(made: list[Stage], tmp_path: Path) -> None:
    body = 'case " $* " in *" -R "*) echo "Error: remote port forwarding failed" >&2; exit 255;; esac; cat > /dev/null'
    outcome, _, message = stage(made, tmp_path, body).run.play()
    assert outcome is SshOutcome.NO_FORWARD
    assert "AllowStreamLocalForwarding yes" in message


def test_a_secret_that_cannot_be_stored_ends_it(made: list[Stage], tmp_path: Path) -> None:
    body = (
        'case $n in 1) echo "remote port forwarding failed" >&2;; *) echo "Permission denied (publickey)." >&2;; esac; exit 255'
    )
    with pytest.raises(RemoteError, match="refuses the login"):
        stage(made, tmp_path, body).run.play()


def test_quitting_ends_ssh(made: list[Stage], tmp_path: Path) -> None:
    import threading

    it = stage(made, tmp_path, "exec sleep 60")
    thread = threading.Thread(target=it.run.play, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while it.run._process is None and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.2)
    began = time.monotonic()
    it.run.close()
    assert time.monotonic() - began < 3
    assert it.janitor.restored == 1
    thread.join(5)
    assert not thread.is_alive()


def test_tunnels_have_names_that_nobody_can_guess() -> None:
    assert unix_tunnel("/l", "").source != unix_tunnel("/l", "").source
    assert unix_tunnel("/l", "words+").source.startswith("words+unix:///tmp/voicetrail-")
    tunnel = tcp_tunnel("/l", "", ".cache/x")
    assert tunnel.source.endswith("?secret=.cache/x&once=1")
    assert 20_000 <= int(tunnel.forward.split(":")[1]) < 32_000


def test_retry_delays_grow_to_15_seconds() -> None:
    assert [wait_between(attempt) for attempt in range(7)] == [1, 2, 4, 8, 15, 15, 15]
