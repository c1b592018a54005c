"""Personal mode by voice at the microphone: a word that is missed in one voice is heard once it was said four times."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
import soundfile

from tests.e2e.lab import VOICETRAIL, Speech, VirtualMicrophone
from tests.e2e.test_teaching import clips_of, heard, spaced, voicetrail
from voicetrail.events import SAMPLE_RATE
from voicetrail.vocabulary import DIRECTIONS

SPEAKER = "264f471d"
"""A validation speaker of whom the shipped words miss every *up*."""
MISSED = "up"
TAKES = 4


@pytest.mark.timeout(240)
def test_a_word_that_is_missed_is_heard_after_four_takes_of_it(
    virtual_mic: VirtualMicrophone, home: dict[str, str], speech: Speech, tmp_path: Path
) -> None:
    recorded = {word: clips_of(speech, SPEAKER, word, TAKES + 1) for word in DIRECTIONS}
    missed = tmp_path / "missed.wav"
    soundfile.write(missed, spaced([recorded[MISSED][TAKES]]), SAMPLE_RATE, subtype="PCM_16")
    assert heard(voicetrail("listen", str(missed), "--json", env=home).stdout) == []

    given = []
    for word in DIRECTIONS:
        if word != MISSED:
            soundfile.write(tmp_path / f"{word}.wav", spaced(recorded[word][:TAKES]), SAMPLE_RATE, subtype="PCM_16")
            given += ["--from", f"{word}={tmp_path / word}.wav"]
    log = tmp_path / "teach.log"
    with open(log, "w") as errors:
        teaching = subprocess.Popen(
            [*VOICETRAIL, "teach", "me", "--personal", "--takes", str(TAKES), *given],
            env={**os.environ, **virtual_mic.env},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    virtual_mic.wait_for_listener()
    virtual_mic.play_samples(spaced(recorded[MISSED][:TAKES], lead=6.0), wait=False)
    assert teaching.wait(120) == 0, log.read_text("utf-8")
    said = log.read_text("utf-8")
    assert f"{TAKES} of {TAKES}" in said
    assert "Play with it: voicetrail play --words 'me'" in said, said

    listening = subprocess.Popen(
        [*VOICETRAIL, "listen", "mic", "--words", "me", "--json"],
        env={**os.environ, **virtual_mic.env},
        stdout=subprocess.PIPE,
        text=True,
    )
    virtual_mic.wait_for_listener()
    time.sleep(1)
    virtual_mic.play_samples(spaced([recorded[word][TAKES] for word in (MISSED, "left")], 1.5))
    time.sleep(1)
    listening.terminate()
    assert heard(listening.communicate(timeout=20)[0]) == [MISSED, "left"]
