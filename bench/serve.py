"""Measures `voicetrail serve` in a real Chromium: time to the first paint and to listening, delay of the microphone, memory."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tests.e2e.browser import GamePage, ServeProcess, chromium
from tests.e2e.lab import Sound, VirtualMicrophone
from tests.serve.conftest import serving
from voicetrail.events import SAMPLE_RATE, AudioBlock
from voicetrail.link.receiving.source import open_connection
from voicetrail.sources import open_source

Row = dict[str, str | float]
TRIALS = 7
CLICKS, CLICK_EVERY_S = 60, 0.5
PAGES = 8
SPOKEN_S = 10.0

WHEN_SHOWN = """text => new Promise(done => {
    const shown = () => window.voicetrail && window.voicetrail.text().includes(text);
    const look = () => requestAnimationFrame(shown() ? () => done(performance.now()) : look);
    look();
})"""
"""Script: milliseconds from the navigation to the frame after the one in which the game shows a text."""


def rows() -> Iterator[Row]:
    """Yield the rows one after the other."""
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        yield from _page(Path(folder))
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        yield from _delay(Path(folder))
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        yield from _memory(Path(folder))


def _page(folder: Path) -> Iterator[Row]:
    server = ServeProcess(folder)
    try:
        with chromium(folder, np.zeros(SAMPLE_RATE, np.float32)) as browser:
            painted, listening = list[float](), list[float]()
            for trial in range(TRIALS + 1):
                context = browser.new_context()
                context.grant_permissions(["microphone"], origin=server.url)
                context.add_init_script("sessionStorage.setItem('voicetrail-microphone', 'on')")
                page = context.new_page()
                page.goto(server.url, wait_until="commit")
                first = page.evaluate(WHEN_SHOWN, "Sketch") / 1000
                second = page.evaluate(WHEN_SHOWN, "● listening") / 1000
                if trial:  # skip the first one, which waits for the recognizer and the browser to start
                    painted.append(first)
                    listening.append(second)
                context.close()
                time.sleep(2)  # let the next game get ready
    finally:
        server.close()
    yield {"name": "serve: page to the game's first paint in Chromium", "value": median(painted), "unit": "s", "limit": 1.0}
    yield {"name": "serve: page to listening to its microphone", "value": median(listening), "unit": "s", "limit": 2.0}


class Clicks:
    """Records the arrival times of clicks in a stream of blocks."""

    def __init__(self, source: Any) -> None:
        self.times: list[float] = []
        self._source = source
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stopped.is_set():
            item = self._source.read(0.1)
            now = time.monotonic()
            if isinstance(item, AudioBlock):
                loud = np.flatnonzero(np.abs(item.samples) > 0.2)
                if len(loud) and (not self.times or now - self.times[-1] > CLICK_EVERY_S / 2):
                    self.times.append(now)

    def stop(self) -> list[float]:
        """Stop, and return the times."""
        self._stopped.set()
        self._thread.join(2)
        self._source.close()
        return self.times


def _clicks() -> Sound:
    """Clicks at irregular intervals, so that they occur at every position of a block."""
    sound = np.zeros(round((CLICKS + 2) * CLICK_EVERY_S * SAMPLE_RATE), np.float32)
    for index in range(CLICKS):
        at = round((index + 1) * CLICK_EVERY_S * SAMPLE_RATE) + 97 * index
        sound[at : at + 80] = 0.8 * np.sin(np.arange(80))
    return sound


class _InThread:
    """A server with empty games, in a thread, so that they can be accessed."""

    def __init__(self) -> None:
        self.url = ""
        self.path = Path()
        self.stamps: list[tuple[float, float]] = []
        """For each chunk, the page's clock and the time of arrival, in s since 1970."""
        self._ready, self._game, self._stop = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait(10)

    async def _serve(self) -> None:
        async with serving() as running:
            self.url = running.url
            self._ready.set()
            while not self._stop.is_set():
                await asyncio.sleep(0.02)
                if running.page_games.all and not self._game.is_set():
                    bridge = running.only_game().bridge
                    self.path, take = bridge.path, bridge.take

                    def taken(message: bytes, take: Any = take) -> None:
                        self.stamps.append((float(np.frombuffer(message[4:12], "<f8")[0]) / 1000, time.time()))
                        take(message)

                    bridge.take = taken  # type: ignore[method-assign]
                    self._game.set()

    def wait_for_game(self) -> Path:
        """The socket of the page's sound."""
        self._game.wait(10)
        return self.path

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)


def _delay(folder: Path) -> Iterator[Row]:
    """The browser's microphone, compared with the same microphone opened by the game directly."""
    microphone = VirtualMicrophone(folder)
    before = dict(os.environ)
    os.environ.update(microphone.env)
    server = _InThread()
    try:
        direct = Clicks(open_source("mic"))
        with chromium(folder, real=True) as browser:
            context = browser.new_context()
            context.grant_permissions(["microphone"], origin=server.url)
            game = GamePage(context, server.url)
            over = Clicks(open_connection(f"unix://{server.wait_for_game()}"))
            game.page.click("#microphone")
            game.wait_for_status("The microphone is on")
            game.page.wait_for_timeout(2000)
            player = microphone.play_samples(_clicks(), wait=False)
            while player.poll() is None:
                game.page.wait_for_timeout(200)
            game.page.wait_for_timeout(1000)
            origin = game.page.workers[0].evaluate("performance.timeOrigin") / 1000
            late, near = over.stop(), direct.stop()
    finally:
        server.close()
        microphone.close()
        os.environ.clear()
        os.environ.update(before)
    ages = [came - origin - stamp for stamp, came in server.stamps[100:]]
    yield {
        "name": "serve: from the browser's audio thread to the server, 95 %",
        "value": float(np.percentile(ages, 95)) * 1000,
        "unit": "ms",
        "limit": 120,
    }
    added = [found[0] - at for at in near if (found := [other for other in late if abs(other - at) < CLICK_EVERY_S / 2])]
    if len(added) < CLICKS * 0.9:
        raise RuntimeError(
            f"{len(added)} of {CLICKS} clicks arrived both ways ({len(near)} directly, {len(late)} through the browser)"
        )
    yield {
        "name": "serve: delay of the browser's microphone beyond the same one opened directly, 95 %",
        "value": float(np.percentile(added, 95)) * 1000,
        "unit": "ms",
        "limit": 120,
    }
    yield {"name": "serve: the same, median", "value": median(added) * 1000, "unit": "ms"}


def _memory(folder: Path) -> Iterator[Row]:
    import aiohttp

    from tests.serve.test_microphone import Page

    server = ServeProcess(folder, "--visitors", str(PAGES + 1))

    def used() -> float:
        """Memory of the server, its recognizer and its games in MB (PSS)."""
        pids = [server.process.pid, *_children(server.process.pid)]
        return sum(_pss_mb(pid) for pid in pids)

    async def measure() -> float:
        async with aiohttp.ClientSession() as client:
            before, pages = used(), []
            for _ in range(PAGES):
                terminal = await client.ws_connect(f"{server.url}/terminal", headers={"Origin": server.url})
                await terminal.send_json({"key": "", "columns": 100, "rows": 30})
                first = await terminal.receive_json()
                sound = await client.ws_connect(f"{server.url}/microphone", headers={"Origin": server.url})
                await sound.send_json({"key": first["key"]})
                pages.append((terminal, asyncio.create_task(_paint(terminal)), Page(sound)))
            await asyncio.gather(*(page.speak(SPOKEN_S) for _, _, page in pages))
            return (used() - before) / PAGES

    try:
        time.sleep(5)
        value = asyncio.run(measure())
    finally:
        server.close()
    yield {"name": f"serve: memory per page, with {PAGES} pages that speak", "value": value, "unit": "MB", "limit": 60}


async def _paint(terminal: Any) -> None:
    seen = 0
    async for message in terminal:
        if isinstance(message.data, bytes):
            seen += len(message.data)
            await terminal.send_json({"type": "seen", "bytes": seen})


def _children(pid: int) -> list[int]:
    found = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return found + [further for child in found for further in _children(child)]


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
