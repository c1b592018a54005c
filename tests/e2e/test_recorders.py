"""A machine without voicetrail: a recorder of the system writes raw sound into a FIFO, as the README has it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.lab import VOICETRAIL, Speech, VirtualMicrophone, needs, wait_until

RECORDERS = {
    "parec": "parec --raw --format=s16le --rate=16000 --channels=1 --latency-msec=20",
}
WORDS = ["up", "right", "down", "left"]


@pytest.mark.parametrize("recorder", RECORDERS)
def test_words_come_through_a_fifo(
    recorder: str, virtual_mic: VirtualMicrophone, speech: Speech, home: dict[str, str], tmp_path: Path
) -> None:
    needs(recorder)
    fifo, out = tmp_path / "fifo", tmp_path / "out"
    os.mkfifo(fifo, 0o600)
    env = {**os.environ, **home, **virtual_mic.env}
    with out.open("w") as written:
        listener = subprocess.Popen([*VOICETRAIL, "listen", str(fifo), "--json"], env=env, stdout=written)
    # A session of its own: the shell is ended together with the recorder.
    speaker = subprocess.Popen(
        ["sh", "-c", f"exec {RECORDERS[recorder]} > {fifo}"], env=env, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        virtual_mic.wait_for_listener()
        virtual_mic.play_samples(speech.joined(WORDS, seed=4))

        def heard() -> list[str]:
            lines = [json.loads(line) for line in out.read_text().splitlines() if line.endswith("}")]
            return [line["word"] for line in lines if line["type"] == "detection"]

        wait_until(lambda: len(heard()) >= len(WORDS) - 1, 60, what="the words")
        rest = iter(WORDS)
        assert all(word in rest for word in heard()), heard()
        os.killpg(speaker.pid, signal.SIGTERM)
        assert listener.wait(20) == 0, "the recorder's end is the end of the sound"
    finally:
        for process in (speaker, listener):
            if process.poll() is None:
                process.kill()
            process.wait(5)
