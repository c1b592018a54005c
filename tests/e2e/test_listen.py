"""`voicetrail listen` as a player or a program would use it: real clips through a microphone, and as a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.e2e.lab import VOICETRAIL, Speech, VirtualMicrophone, wait_until
from voicetrail.events import SAMPLE_RATE

WORDS = ["left", "up", "right", "down", "right", "right", "up", "left", "down", "left"] * 2


class Listening:
    """`voicetrail listen mic --json`, listening by now, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self._folder = process, folder

    @property
    def out(self) -> str:
        return (self._folder / "out").read_text("utf-8")

    @property
    def errors(self) -> str:
        return (self._folder / "errors").read_text("utf-8")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def listening(virtual_mic: VirtualMicrophone, folder: Path) -> Iterator[Listening]:
    with (folder / "out").open("wb") as out, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [*VOICETRAIL, "listen", "mic", "--json"], env={**os.environ, **virtual_mic.env}, stdout=out, stderr=errors
        )
    try:
        virtual_mic.wait_for_listener()
        time.sleep(0.3)
        yield Listening(process, folder)
    finally:
        process.kill()
        process.wait(20)


def detected(out: str) -> list[str]:
    entries: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    return [entry["word"] for entry in entries if entry["type"] == "detection"]


def right(heard: list[str], said: list[str]) -> int:
    """Words that were heard in their place: the longest row of them that is in both, in order."""
    lengths = [0] * (len(said) + 1)
    for word in heard:
        before = 0
        for place, expected in enumerate(said, 1):
            lengths[place], before = (
                (before + 1 if word == expected else max(lengths[place], lengths[place - 1])),
                lengths[place],
            )
    return lengths[-1]


def test_a_file_of_real_words_with_gaps(speech: Speech, tmp_path: Path, home: dict[str, str]) -> None:
    # Six times twenty words: of twenty alone, one speaker who mumbles more or less decides.
    said = list(WORDS) * 6
    sound = np.concatenate([speech.joined(WORDS, seed=seed) for seed in range(3, 9)])
    soundfile.write(tmp_path / "words.flac", sound, SAMPLE_RATE)
    command = [*VOICETRAIL, "listen", str(tmp_path / "words.flac"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, env=dict(os.environ))
    assert (done.returncode, done.stderr) == (0, "")
    assert right(detected(done.stdout), said) >= 0.9 * len(said), detected(done.stdout)
    times = [json.loads(line)["time"] for line in done.stdout.splitlines()]
    assert times == sorted(times)


def test_real_words_into_the_microphone(
    virtual_mic: VirtualMicrophone, speech: Speech, home: dict[str, str], tmp_path: Path
) -> None:
    said = WORDS[:10]
    with listening(virtual_mic, tmp_path) as listener:
        virtual_mic.play_samples(speech.joined(said, seed=6))
        wait_until(lambda: right(detected(listener.out), said) >= 0.8 * len(said), what="the words")
        assert listener.interrupt() == 130
        assert listener.errors == ""


def test_the_microphone_goes_and_comes_while_listening(
    virtual_mic: VirtualMicrophone, home: dict[str, str], tmp_path: Path
) -> None:
    with listening(virtual_mic, tmp_path) as listener:
        virtual_mic.unplug()
        wait_until(lambda: "there is no sound from" in listener.errors, what="the loss of the microphone")
        virtual_mic.plug()
        wait_until(lambda: "receiving sound from the default microphone" in listener.errors, what="its return")
        listener.interrupt()
        assert len(listener.errors.splitlines()) == 2


def test_a_reader_that_goes_away_ends_it_quietly(home: dict[str, str]) -> None:
    command = f"{' '.join(VOICETRAIL)} listen demo --json | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=110, env=dict(os.environ))
    assert json.loads(done.stdout)["type"] in ("detection", "rejection")
    assert done.stderr == ""


def test_raw_sound_from_a_pipe(home: dict[str, str]) -> None:
    from voicetrail.audio.file import demo_path

    sound, _ = soundfile.read(demo_path(), dtype="int16")
    command = [*VOICETRAIL, "listen", "-", "--json"]
    done = subprocess.run(command, input=sound.tobytes(), capture_output=True, timeout=110, env=dict(os.environ))
    assert done.returncode == 0
    assert len(detected(done.stdout.decode())) > 10
