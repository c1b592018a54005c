"""Measures `voicetrail host`: scripted visitors, each with a real ssh and its own microphone, all playing at once.

    python -m bench.host 1 20 40 60 --seconds 20

Each visitor is the system's ``ssh`` with the reverse forward of ``voicetrail ssh``, a terminal of 100×30 cells, and a validation
speaker who says directions in real time. The results are the words detected, compared with those that a single listener detects;
the time from the end of a word to the move on the visitor's terminal; processor time and memory of each part. The clients run on
the same machine; their processor time is reported too. ``make load`` runs this.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import pty
import re
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import end_cleanly_when_killed
from bench.crowd import proportional_mb, spread
from bench.microphones import Microphone, speak
from bench.screens import moves_on
from bench.speakers import MATCH_WITHIN_S, Speaker, find_speech, heard_by_one, make_speaker, match
from voicetrail.link.host_request import HostRequest, encode_request

SEED = 900
SIZE = (30, 100)
PLAYS = ("sketch", "--pause-after-sketch", "0")
"""What each visitor plays, without pauses: the first visitors must not be disconnected before the last ones connect."""
COMES_WITHIN_S = 90.0
"""Longest time for all visitors to connect, in s."""
AT_ONCE = 8
"""Visitors who connect at the same time."""
TICKS = os.sysconf("SC_CLK_TCK")
MOVE_WITHIN_S = MATCH_WITHIN_S + 0.75
"""A move later than this after the end of a word does not belong to it, in s."""
FED = 2
"""Words that a single listener detects of a visitor, at least, for one whose pen does not move to count as starved."""
LIMITS_FOR = 40
"""Visitors for whom the limits hold, on two cores."""
DELAY_LIMIT_S, RECOGNIZER_LIMIT, MEMORY_LIMIT_MB = 0.25, 0.03, 60.0
"""95 % of the delays in s; the recognizer's part of a core and the memory in MB per visitor."""


@dataclass
class Player:
    """A scripted visitor."""

    microphone: Microphone
    process: asyncio.subprocess.Process
    terminal: int
    shown: list[tuple[float, bytes]] = field(default_factory=list)
    """The output on the terminal, with its times."""

    def read(self) -> None:
        """Read the available output."""
        with contextlib.suppress(OSError):
            self.shown.append((time.monotonic(), os.read(self.terminal, 65536)))

    @property
    def text(self) -> bytes:
        """All output so far."""
        return b"".join(data for _, data in self.shown)


@dataclass(frozen=True, slots=True)
class HostRow:
    """The results with one number of visitors."""

    visitors: int
    said: int
    moves: int
    """Words that moved the pen on the visitor's terminal."""
    by_one: int
    """Words that a single listener detects without time pressure."""
    delay_s: tuple[float, float]
    """Median and 95 % of the time from the end of a word to its move on the terminal, in s."""
    by_one_s: tuple[float, float]
    """The same to the detection, if computation takes no time."""
    recognizer_cpu: float
    """Part of a core per visitor, like the next two."""
    host_cpu: float
    game_cpu: float
    clients_cpu: float
    """Part of a core used by this program and the visitors' ssh, in total."""
    recognizer_mb: float
    """Proportional set size in MB per visitor, like the next two."""
    host_mb: float
    game_mb: float
    bytes_s: float
    """Bytes per second to each visitor's terminal."""
    busy_elsewhere: float
    """Part of a core used by other programs; if it is large, the results are not representative."""
    load: float
    """Load average of the machine."""
    starved: int
    """Visitors whose pen did not move, although a single listener detects ``FED`` of their words."""

    @property
    def memory_mb(self) -> float:
        """Memory of all parts per visitor, in MB."""
        return self.recognizer_mb + self.host_mb + self.game_mb

    @property
    def verdict(self) -> str:
        """The limits, and which of them were missed; empty for another number of visitors."""
        if self.visitors != LIMITS_FOR:
            return ""
        missed = [
            name
            for name, value, limit in (
                ("delay", self.delay_s[1], DELAY_LIMIT_S),
                ("recognizer", self.recognizer_cpu, RECOGNIZER_LIMIT),
                ("memory", self.memory_mb, MEMORY_LIMIT_MB),
            )
            if value > limit
        ]
        limits = f"{DELAY_LIMIT_S * 1000:.0f} ms for 95 %, recognizer {RECOGNIZER_LIMIT:.0%}, {MEMORY_LIMIT_MB:.0f} MB"
        return f"at most {limits}{'   MISSED: ' + ', '.join(missed) if missed else ''}"

    def __str__(self) -> str:
        def ms(pair: tuple[float, float]) -> str:
            return f"{pair[0] * 1000:.0f}/{pair[1] * 1000:.0f} ms"

        return (
            f"{self.visitors:>3} visitors: {self.moves}/{self.said} words moved (alone {self.by_one} heard), "
            f"move after {ms(self.delay_s)} (alone {ms(self.by_one_s)}); of a core each: recognizer {self.recognizer_cpu:.2%}, "
            f"host {self.host_cpu:.2%}, "
            f"game {self.game_cpu:.2%} (clients in all {self.clients_cpu:.0%}); MB each: recognizer {self.recognizer_mb:.1f}, "
            f"host {self.host_mb:.1f}, game {self.game_mb:.1f}, together {self.memory_mb:.1f}; {self.bytes_s:.0f} bytes/s; "
            f"others took {self.busy_elsewhere:.0%} of a core, load {self.load:.1f}; {self.starved} starved"
        )


class Host:
    """A running ``voicetrail host``, in a separate process.

    Args:
        folder: for its key and its log.
        visitors: most visitors at once.
    """

    def __init__(self, folder: Path, visitors: int) -> None:
        most = str(max(visitors, 4))
        self._log = folder / "log"
        self._errors = (folder / "errors").open("wb")
        options = ["--port", "0", "--host-key", str(folder / "key"), "--log", str(self._log), "--visitors", most]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voicetrail", "host", *options, "--per-address", most],
            stderr=self._errors,
            env={**os.environ, "TMPDIR": str(folder)},
        )

    async def port(self) -> int:
        """The port, once the host listens."""
        end = time.monotonic() + COMES_WITHIN_S
        while time.monotonic() < end and self.process.poll() is None:
            if self._log.exists() and (found := re.search(r"\blistening\b.*\bport=(\d+)", self._log.read_text("utf-8"))):
                return int(found[1])
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the host did not start: {Path(self._errors.name).read_text('utf-8', 'replace')}")

    def close(self) -> None:
        """End the host."""
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(10)
        self._errors.close()

    def check(self, parts: dict[str, list[int]]) -> None:
        """Raise an error with the host's log if a process has ended since ``processes`` was called."""
        gone = [part for part, pids in parts.items() for pid in pids if not Path(f"/proc/{pid}").exists()]
        if gone:
            logged = [line for line in self._log.read_text("utf-8").splitlines() if " came " not in line]
            raise RuntimeError(f"ended while it was measured: {', '.join(gone)}; the log: {'; '.join(logged[-8:])}")

    def processes(self) -> dict[str, list[int]]:
        """The process ids by kind: ``host``, ``recognizer`` and ``game``."""
        found: dict[str, list[int]] = {"host": [self.process.pid], "recognizer": [], "game": []}
        for pid in descendants(self.process.pid):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            found["recognizer" if b"recognizer_service" in command else "game"].append(pid)
        return found


def descendants(pid: int) -> Iterator[int]:
    """All descendants of a process."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with contextlib.suppress(OSError):
                parents.setdefault(int(each.joinpath("stat").read_text().rpartition(")")[2].split()[1]), []).append(
                    int(each.name)
                )
    todo = [pid]
    while todo:
        for child in parents.get(todo.pop(), ()):
            todo.append(child)
            yield child


def cpu_s(pids: list[int]) -> float:
    """Processor time that processes have used, in s."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def machine_s() -> float:
    """Processor time that everything on the machine has used, in s."""
    user, nice, system, _, _, interrupts, soft, stolen, *_ = (
        int(ticks) for ticks in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + interrupts + soft + stolen) / TICKS


async def come(number: int, port: int, folder: Path, speaker: Speaker) -> Player:
    """Connect a visitor."""
    local, there = folder / f"mic{number}", f"/tmp/voicetrail-{secrets.token_hex(16)}.sock"
    microphone = Microphone(speaker)
    await microphone.serve(local)
    outside, inside = pty.openpty()
    fcntl.ioctl(outside, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    os.set_blocking(outside, False)
    options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={folder / 'known'}", "LogLevel=ERROR", "IdentityAgent=none")
    process = await asyncio.create_subprocess_exec(
        # Each from a different address, because the host limits the connections per address and second.
        *(
            "ssh",
            "-tt",
            "-F",
            "none",
            "-b",
            f"127.0.1.{number % 250 + 1}",
            *(part for option in options for part in ("-o", option)),
        ),
        *("-R", f"{there}:{local}", "-p", str(port), f"visitor{number}@127.0.0.1"),
        encode_request(HostRequest("sound", there, PLAYS)),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(inside)
    player = Player(microphone, process, outside)
    asyncio.get_running_loop().add_reader(outside, player.read)
    return player


async def until_all(players: list[Player], what: str) -> None:
    """Wait until the host listens to every visitor's microphone, and every game has been painted."""
    end = time.monotonic() + COMES_WITHIN_S
    while not all(player.microphone.listened_to and len(player.text) > 1000 for player in players):
        gone = [player for player in players if player.process.returncode is not None]
        if gone or time.monotonic() > end:
            shown = (gone or players)[0].text[-400:]
            raise RuntimeError(f"{what}: {len(gone)} have gone; one of them read {shown!r}")
        await asyncio.sleep(0.1)


def put_first(pids: list[int], weight: int = -20) -> None:
    """Raise the priority of sessions over other programs (as root): Linux divides the processor between sessions by this weight."""
    for pid in pids:
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(weight))


async def measure(count: int, seconds: float, *, first: bool = False, within_s: float = MOVE_WITHIN_S) -> HostRow:
    """Measure.

    Args:
        count: number of visitors.
        seconds: how long they speak.
        first: run with priority over other programs.
        within_s: a move later than this after the end of a word does not belong to it.
    """
    speech = find_speech()
    speakers = [make_speaker(speech, SEED + at, seconds) for at in range(count)]
    players: list[Player] = []
    with tempfile.TemporaryDirectory(prefix="vt") as name:
        folder = Path(name)
        host = Host(folder, count)
        try:
            port = await host.port()
            for at, speaker in enumerate(speakers):
                players.append(await come(at, port, folder, speaker))
                if len(players) % AT_ONCE == 0:
                    await until_all(players, "not all visitors came in")
            await until_all(players, "not all visitors came in")
            await asyncio.sleep(2.0)  # exclude the cost of starting
            parts = host.processes()
            clients = [os.getpid(), *(player.process.pid for player in players)]
            if first:
                put_first([*clients, *parts["host"], *parts["recognizer"]])
                put_first(parts["game"], -10)  # a game stands as far behind the host as it otherwise does
                await asyncio.sleep(1.0)
            before = {part: cpu_s(pids) for part, pids in parts.items()}
            clients_before, machine_before, begun = cpu_s(clients), machine_s(), time.monotonic()
            sent = sum(len(player.text) for player in players)
            await speak([player.microphone for player in players], seconds + max(1.0, within_s - 1.0))
            passed = time.monotonic() - begun
            used = {part: (cpu_s(pids) - before[part]) / passed for part, pids in parts.items()}
            used_clients = (cpu_s(clients) - clients_before) / passed
            elsewhere = (machine_s() - machine_before) / passed - used_clients - sum(used.values())
            sent = sum(len(player.text) for player in players) - sent
            load = os.getloadavg()[0]
            if gone := [player for player in players if player.process.returncode is not None]:
                raise RuntimeError(f"{len(gone)} visitors have gone ({gone[0].process.returncode}): {gone[0].text[-300:]!r}")
            host.check(parts)
            memory = {part: sum(map(proportional_mb, pids)) for part, pids in parts.items()}
        finally:
            for player in players:
                asyncio.get_running_loop().remove_reader(player.terminal)
                with contextlib.suppress(ProcessLookupError):
                    player.process.terminate()
                player.microphone.close()
            await asyncio.gather(*(player.process.wait() for player in players))
            await asyncio.to_thread(host.close)
            for player in players:
                os.close(player.terminal)
    found: list[float | None] = []
    by_one: list[float | None] = []
    starved = 0
    for player, heard in zip(players, heard_by_one(speakers), strict=True):
        began = player.microphone.began or 0.0
        moves = match(
            player.microphone.speaker.said, ((at - began, word) for at, word in moves_on(player.shown, SIZE)), within_s
        )
        heard_by_a_single_one = match(player.microphone.speaker.said, heard)
        starved += sum(each is not None for each in heard_by_a_single_one) >= FED and all(each is None for each in moves)
        found += moves
        by_one += heard_by_a_single_one
    return HostRow(
        count,
        len(found),
        sum(each is not None for each in found),
        sum(each is not None for each in by_one),
        spread(found),
        spread(by_one),
        used["recognizer"] / count,
        used["host"] / count,
        used["game"] / count,
        used_clients,
        memory["recognizer"] / count,
        memory["host"] / count,
        memory["game"] / count,
        sent / passed / count,
        elsewhere,
        load,
        starved,
    )


def main() -> None:
    """Print a row for each number of visitors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("visitors", type=int, nargs="*", default=[1, 20, 40, 60])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--first", action="store_true", help="run with priority over other programs (root, Linux)")
    args = parser.parse_args()
    end_cleanly_when_killed()
    if shutil.which("ssh") is None:
        parser.error("the system's ssh is not installed")
    for count in args.visitors:
        row = asyncio.run(measure(count, args.seconds, first=args.first))
        print(row, *([f"    {row.verdict}"] if row.verdict else []), sep="\n", flush=True)


if __name__ == "__main__":
    main()
