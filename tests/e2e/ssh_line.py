"""A line that can be measured: a microphone that counts, and a far side (``far_side``) that writes down what it hears when."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.e2e.lab import wait_until
from tests.e2e.sshd import SshServer

ROOT = Path(__file__).parents[2]
FAR = [sys.executable, "-m", "tests.e2e.far_side"]
BLOCK = 320
"""Samples of a block of sound."""


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


class Far:
    """What the far side wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def sounds(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if "sound" in entry]

    def events(self) -> list[str]:
        return [entry["event"] for entry in self.entries() if "event" in entry]

    def wait_for_sounds(self, count: int, timeout: float = 60.0) -> None:
        wait_until(lambda: len(self.sounds()) >= count, timeout, what=f"sound at the far side ({self.events()})")

    def wait_for_the_end(self, timeout: float = 10.0) -> None:
        """Wait until nothing more is written down, though the microphone speaks on."""

        def silent() -> bool:
            before = len(self.sounds())
            time.sleep(0.3)
            return len(self.sounds()) == before

        wait_until(silent, timeout, what="the end of the far side")

    def delays(self, microphone: CountingMicrophone) -> list[float]:
        """Seconds from the microphone to the game at the other end, for each block."""
        return [entry["at"] - microphone.spoken[entry["sound"] - 1] for entry in self.sounds() if entry["sound"] > 0]


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
    end = time.monotonic() + 20
    while left := set(left_behind(short_path)) - before:
        assert time.monotonic() < end, left
        time.sleep(0.1)
