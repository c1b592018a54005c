"""Measures the recognizer of a host alone, with many scripted visitors, but without SSH and screens.

    python -m bench.crowd 1 20 60 --seconds 20

Each row has the number of visitors; the words detected, and those that a single listener detects; the time from the end of a word to
its detection (median, 95 %); the processor time of the recognizer per visitor; windows per batch; lost sound; the load average.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import end_cleanly_when_killed
from bench.microphones import Microphone, speak
from bench.speakers import find_speech, heard_by_one, make_speaker, match
from voicetrail.link.wire import EventDecoder
from voicetrail.link.words import HEARD
from voicetrail.recognizer_service import RecognizerService, ServiceReport, VisitorSound

SEED = 700
COMMAND = os.environ.get("CROWD_COMMAND", "")


@dataclass(frozen=True, slots=True)
class CrowdRow:
    """The results with one number of visitors."""

    visitors: int
    said: int
    heard: int
    by_one: int
    """Words detected by a single listener."""
    latency_s: tuple[float, float]
    """Median and 95 % of the time from the end of a word to its detection in the visitor's game, in s."""
    by_one_latency_s: tuple[float, float]
    """The same for a single listener whose computation takes no time."""
    cpu: float
    """Part of a core per visitor."""
    batch: float
    """Windows per batch."""
    memory_mb: float
    """Proportional set size of the recognizer's process per visitor, in MB."""
    lost: int
    """Lost samples."""
    load: float
    """Load average of the machine."""

    def __str__(self) -> str:
        def ms(pair: tuple[float, float]) -> str:
            return f"{pair[0] * 1000:.0f}/{pair[1] * 1000:.0f} ms"

        return (
            f"{self.visitors:>3} visitors: {self.heard}/{self.said} detected (alone {self.by_one}), {ms(self.latency_s)} "
            f"(alone {ms(self.by_one_latency_s)}), {self.cpu * 100:.2f} % of a core each, {self.batch:.1f} windows per batch, "
            f"{self.memory_mb:.1f} MB each, {self.lost} samples lost, load {self.load:.1f}"
        )


async def measure(count: int, seconds: float) -> CrowdRow:
    """Measure with ``count`` visitors."""
    speech = find_speech()
    speakers = [make_speaker(speech, SEED + at, seconds) for at in range(count)]
    reports: list[ServiceReport] = []
    service = RecognizerService(on_report=reports.append, **({"command": shlex.split(COMMAND)} if COMMAND else {}))
    await service.start()
    heard: list[list[tuple[float, str]]] = [[] for _ in speakers]
    tasks = []
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        microphones = [Microphone(speaker) for speaker in speakers]
        for at, microphone in enumerate(microphones):
            own = Path(folder) / str(at)
            own.mkdir(mode=0o700)
            await microphone.serve(own / "mic")
            await service.add_visitor(str(at), VisitorSound(own, own / "mic"))
            tasks.append(asyncio.create_task(follow(own / "words", microphone, heard[at])))
        while not all(microphone.listened_to for microphone in microphones):
            await asyncio.sleep(0.05)
        before, begun = await service.status(), time.monotonic()
        await speak(microphones, seconds + 1)
        after, passed = await service.status(), time.monotonic() - begun
        memory = proportional_mb(after.pid)
        load = os.getloadavg()[0]
        await service.close()
        for task in tasks:
            task.cancel()
        for microphone in microphones:
            microphone.close()
    for report in reports[1:]:
        print("   ", report.kind, report.visitor, report.text)
    by_one = heard_by_one(speakers)
    found = [each for speaker, words in zip(speakers, heard, strict=True) for each in match(speaker.said, words)]
    found_by_one = [each for speaker, words in zip(speakers, by_one, strict=True) for each in match(speaker.said, words)]
    return CrowdRow(
        count,
        len(found),
        sum(each is not None for each in found),
        sum(each is not None for each in found_by_one),
        spread(found),
        spread(found_by_one),
        (after.cpu_s - before.cpu_s) / passed / count,
        (after.windows - before.windows) / max(1, after.batches - before.batches),
        memory / count,
        sum(after.lost.values()),
        load,
    )


async def follow(path: Path, microphone: Microphone, heard: list[tuple[float, str]]) -> None:
    """Record the words that arrive, with their times in s of the microphone's sound."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    decoder = EventDecoder()
    try:
        while data := await reader.read(65536):
            now = time.monotonic()
            for event in decoder.feed(data):
                if event.type == HEARD and microphone.began is not None:
                    heard.append((now - microphone.began, event.data["w"]))
    finally:
        writer.close()


def spread(values: list[float | None]) -> tuple[float, float]:
    """Median and 95 % of the values that are not ``None``."""
    there = [value for value in values if value is not None]
    return (float(np.median(there)), float(np.percentile(there, 95))) if there else (0.0, 0.0)


def proportional_mb(pid: int) -> float:
    """Proportional set size (PSS) of a process in MB: shared memory is divided between its users."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def main() -> None:
    """Print a row for each number of visitors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visitors", type=int, nargs="*", default=[1, 20, 40, 60])
    parser.add_argument("--seconds", type=float, default=20.0)
    args = parser.parse_args()
    end_cleanly_when_killed()
    for count in args.visitors:
        print(asyncio.run(measure(count, args.seconds)), flush=True)


if __name__ == "__main__":
    main()
