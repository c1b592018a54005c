"""A real Chromium whose microphone is a sound file, and `voicetrail serve` for it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.e2e.lab import VOICETRAIL, Sound, needs, wait_until
from tests.e2e.ssh_line import ROOT
from voicetrail.events import SAMPLE_RATE

CHROMIUM = "chromium"
FAKE_MICROPHONE = ("--no-sandbox", "--use-fake-device-for-media-stream", "--deny-permission-prompts")
"""A microphone that plays a file. Where the test does not allow it, the browser refuses."""
KEYS = {"up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight"}


class ServeProcess:
    """`voicetrail serve` on a port of its own, with empty folders for settings and recordings.

    Args:
        home: holds the folders.
        arguments: further arguments.
    """

    def __init__(self, home: Path, *arguments: str) -> None:
        places = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        cleared = {name: value for name, value in os.environ.items() if not name.startswith("VOICETRAIL_")}
        self.recordings = home / "data" / "voicetrail" / "replays"
        environment = {**cleared, **places, "HOME": str(home), "PYTHONPATH": str(ROOT), "VOICETRAIL_TUTORIAL": "off"}
        self.process = subprocess.Popen(
            [*VOICETRAIL, "serve", "--port", "0", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = ""
        while (found := re.search(r"http://127\.0\.0\.1:\d+\S*", self.said)) is None:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        self.url = found[0]

    def games(self) -> list[int]:
        """Processes of games that this server has begun."""
        done = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line.split()[0]) for line in done.stdout.splitlines() if "words+unix" in line or "visit" in line]

    def close(self) -> int:
        """End it; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        finally:
            self.process.kill()
        if code:
            assert self.process.stdout is not None
            print(self.said + self.process.stdout.read())
        return code


@contextmanager
def chromium(folder: Path, sound: Sound | None = None, flags: Sequence[str] = (), *, real: bool = False) -> Iterator[Any]:
    """A browser (playwright's).

    Args:
        folder: for the file that its microphone plays.
        sound: what that is.
        flags: further flags.
        real: the microphone is the sound server's own.
    """
    playwright = pytest.importorskip("playwright.sync_api")
    needs(CHROMIUM)
    arguments = [*(("--no-sandbox",) if real else FAKE_MICROPHONE), *flags]
    if sound is not None:
        path = folder / "microphone.wav"
        soundfile.write(path, sound, SAMPLE_RATE, subtype="PCM_16")
        arguments.append(f"--use-file-for-fake-audio-capture={path}%noloop")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which(CHROMIUM), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class GamePage:
    """A page of the game, as its player has it.

    Args:
        context: a browser's context.
        url: of the server.
    """

    def __init__(self, context: Any, url: str = "about:blank") -> None:
        self.page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        self.page.goto(url)

    @property
    def status(self) -> str:
        """The page's own line."""
        return str(self.page.inner_text("#status"))

    @property
    def screen(self) -> str:
        """What the game shows."""
        return str(self.page.evaluate("window.voicetrail ? window.voicetrail.text() : ''"))

    def wait_for_status(self, text: str, seconds: float = 20) -> None:
        self._wait(lambda: text in self.status, seconds, lambda: f"{text!r} is not the status, but {self.status!r}")

    def wait_for_screen(self, text: str, seconds: float = 20) -> str:
        """Wait until the game shows a text; return the whole screen."""
        self._wait(lambda: text in self.screen, seconds, lambda: f"{text!r} is not on the screen:\n{self.screen}")
        return self.screen

    def press(self, *keys: str) -> None:
        """Press keys, as in ``KEYS``."""
        for key in keys:
            self.page.keyboard.press(KEYS.get(key, key))
            self.page.wait_for_timeout(60)

    def begin_sketch(self) -> None:
        """Open the sketch from the title; a key that comes before it is there would do nothing."""
        self.wait_for_screen("Sketch", 40)
        self.press("right")
        self.wait_for_screen("strokes", 40)

    def strokes(self) -> int:
        """How many strokes the drawing has."""
        found = re.search(r"(\d+) strokes?", self.screen)
        return int(found[1]) if found else 0

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something is so."""
        self._wait(condition, seconds, lambda: f"{what} did not come; the game shows:\n{self.screen}")

    def _wait(self, condition: Callable[[], bool], seconds: float, message: Callable[[], str]) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                pytest.fail(message())
            # Not `time.sleep`: what the browser says comes only while it is asked.
            self.page.wait_for_timeout(50)


def await_games(server: ServeProcess, count: int) -> None:
    """Wait until so many games run."""
    wait_until(lambda: len(server.games()) == count, what=f"{count} games")
