"""Teach three words that are in no vocabulary with one speaker's recordings, at the microphone; hear, export and import them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, Speech, TmuxTerminal, VirtualMicrophone
from voicetrail.events import SAMPLE_RATE
from voicetrail.listening import Sound

SPEAKER = "4e6902d0"
"""Of the validation speakers the one with the most recordings of such words."""
WORDS = {"on": "up", "forward": "right", "backward": "left"}
TAKES = 3


def clips_of(speech: Speech, speaker: str, word: str, least: int) -> list[Sound]:
    """All recordings of a word by a speaker; the test is skipped where there are fewer than ``least``."""
    found = []
    for path in sorted((speech.folder / "speech_commands" / word).glob(f"{speaker}_nohash_*")):
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == SAMPLE_RATE
        found.append(samples)
    if len(found) < least:
        pytest.skip(f"too few recordings of {word} by {speaker}")
    return found


def clips(speech: Speech, word: str) -> list[Sound]:
    return clips_of(speech, SPEAKER, word, TAKES + 1)


def spaced(sounds: list[Sound], gap: float = 1.2, lead: float = 1.2) -> Sound:
    """The clips with pauses of the same noise that stands behind the words, as one room has it."""
    frames = np.concatenate([np.square(sound[: len(sound) // 160 * 160].reshape(-1, 160)).mean(1) for sound in sounds])
    level = float(np.sqrt(np.quantile(frames, 0.3)))
    parts = [np.zeros(round(lead * SAMPLE_RATE), dtype=np.float32)]
    for sound in sounds:
        parts += [sound, np.zeros(round(gap * SAMPLE_RATE), dtype=np.float32)]
    joined = np.concatenate(parts)
    return (joined + np.random.default_rng(1).normal(0, level, len(joined))).astype(np.float32)


def voicetrail(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VOICETRAIL, *arguments], env={**os.environ, **env}, capture_output=True, text=True, timeout=110)


def heard(lines: str) -> list[str]:
    return [entry["word"] for entry in map(json.loads, lines.splitlines()) if entry["type"] == "detection"]


@pytest.mark.timeout(300)
def test_teach_hear_export_delete_import_and_hear_again(
    virtual_mic: VirtualMicrophone, home: dict[str, str], speech: Speech, tmp_path: Path
) -> None:
    recorded = {word: clips(speech, word) for word in WORDS}
    given = [part for word, meaning in WORDS.items() for part in ("--word", f"{word}={meaning}")]
    log = tmp_path / "teach.log"
    with open(log, "w") as errors:
        teaching = subprocess.Popen(
            [*VOICETRAIL, "teach", "mine", *given, "--takes", str(TAKES)],
            env={**os.environ, **virtual_mic.env},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    virtual_mic.wait_for_listener()
    virtual_mic.play_samples(spaced([sound for sounds in recorded.values() for sound in sounds[:TAKES]], lead=6.0), wait=False)
    assert teaching.wait(120) == 0, log.read_text("utf-8")
    assert "Of the held-out takes" in log.read_text("utf-8")

    # Takes that it was not taught with, in turn, at the microphone.
    rest = [(word, sound) for word, sounds in recorded.items() for sound in sounds[TAKES:]]
    listening = subprocess.Popen(
        [*VOICETRAIL, "listen", "mic", "--words", "mine", "--json"],
        env={**os.environ, **virtual_mic.env},
        stdout=subprocess.PIPE,
        text=True,
    )
    virtual_mic.wait_for_listener()
    time.sleep(1)
    virtual_mic.play_samples(spaced([sound for _, sound in rest], 1.5))
    time.sleep(1)
    listening.terminate()
    live = heard(listening.communicate(timeout=20)[0])
    said = [word for word, _ in rest]
    assert set(live) <= {*WORDS}
    assert sum(word in live for word in said) >= len(said) - 1, (said, live)

    # The same from a file, before and after the set was away.
    sound = tmp_path / "said.wav"
    soundfile.write(sound, spaced([sound for _, sound in rest], 1.5), SAMPLE_RATE, subtype="PCM_16")
    before = voicetrail("listen", str(sound), "--words", "mine", "--json", env=home)
    assert len(heard(before.stdout)) >= len(said) - 1
    file = tmp_path / "mine.vtwords"
    assert voicetrail("words", "export", "mine", str(file), env=home).returncode == 0
    assert voicetrail("words", "delete", "mine", "--yes", env=home).returncode == 0
    gone = voicetrail("listen", str(sound), "--words", "mine", "--json", env=home)
    assert gone.returncode != 0
    assert "there are no weights named 'mine'" in gone.stderr
    assert voicetrail("words", "import", str(file), env=home).returncode == 0
    again = voicetrail("listen", str(sound), "--words", "mine", "--json", env=home)
    assert again.stdout == before.stdout


FOUR = {"backward": "left", "forward": "right", "on": "up", "off": "down"}
"""In the order in which the form proposes what words do."""
LONGEST_S = 300.0
"""The whole flow for four words takes less, with six takes of each, also on a busy machine."""


def six(sounds: list[Sound]) -> list[Sound]:
    """Six takes of a word: three recordings, and the same a little slower, as nobody in the data said a word six times."""
    slower = [np.interp(np.arange(0, len(sound) - 1, 0.96), np.arange(len(sound)), sound) for sound in sounds[:TAKES]]
    return [*sounds[:TAKES], *(sound.astype(np.float32) for sound in slower)]


def drawn(replay: Path, env: Mapping[str, str]) -> list[str]:
    """The directions that words drew in a recorded round."""
    lines = replay.read_text("utf-8").splitlines()[1:]
    inputs = [json.loads(line) for line in lines]
    assert voicetrail("replay", str(replay), "--check", env=env).returncode == 0
    return [
        content["direction"]
        for _, _, content in (entry for entry in inputs if len(entry) == 3)
        if isinstance(content, dict) and content.get("do") == "step" and content.get("by") == "voice"
    ]


def say_until(microphone: VirtualMicrophone, screen: TmuxTerminal, sound: Sound, text: str) -> None:
    """Say something, and again where a busy machine lost it on the way, until a text is on the screen."""
    for _ in range(4):
        microphone.play_samples(spaced([sound], 0.9, lead=0.3))
        end = time.monotonic() + 4
        while time.monotonic() < end:
            if text in screen.capture():
                return
            time.sleep(0.1)
    pytest.fail(f"{text!r} did not come:\n{screen.capture()}")


def play(terminal: OpenTerminal, microphone: VirtualMicrophone, sounds: list[Sound], replay: Path) -> None:
    """Play a sketch by a taught set: every word draws what it stands for."""
    screen = terminal(
        [*VOICETRAIL, "play", "--words", "mine", "--record", str(replay)], env=microphone.env, width=80, height=24
    )
    screen.wait_for("listening")
    microphone.wait_for_listener()
    time.sleep(1)
    microphone.play_samples(spaced(sounds, 1.5))
    time.sleep(1)
    screen.send_keys("q")
    screen.wait_for_exit()


@pytest.mark.timeout(400)
def test_four_words_are_taught_on_the_screen_and_played_by(
    virtual_mic: VirtualMicrophone,
    terminal: OpenTerminal,
    home: dict[str, str],
    speech: Speech,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded = {word: clips(speech, word) for word in FOUR}
    began = time.monotonic()
    screen = terminal(VOICETRAIL, env=virtual_mic.env, width=80, height=24)
    screen.wait_for("1 of 3")
    screen.send_keys("Escape")
    screen.wait_for("Sketch")
    screen.send_keys(*["Down"] * 5, "Enter")
    screen.wait_for("Teach a new set")
    screen.send_keys("Up", "Up", "Enter")
    screen.wait_for("name of the set")
    for text in ("mine", *FOUR):
        screen.send_keys(text, literal=True)
        screen.wait_for(text)
        screen.send_keys("Enter")
        time.sleep(0.3)
    screen.send_keys("Enter")
    virtual_mic.wait_for_listener()
    for number, (word, sounds) in enumerate(recorded.items(), 1):
        screen.wait_for(f"{number}/4  say  {word}")
        following = f"{number + 1}/4  say" if number < 4 else "24 takes of 4 words"
        for count, sound in enumerate(six(sounds), 1):
            say_until(virtual_mic, screen, sound, f"take {count + 1} of 6" if count < 6 else following)
    screen.send_keys("Enter")
    screen.wait_for("Try it", timeout=100)
    took = time.monotonic() - began
    with capsys.disabled():
        print(f"\nfour words named, said six times each, trained and in use after {took:.0f} s")
    rest = [(word, sound) for word, sounds in recorded.items() for sound in sounds[TAKES:]]
    # The bars move, and nothing else does.
    say_until(virtual_mic, screen, rest[0][1], " x")
    screen.send_keys("Escape")
    screen.wait_for("in use")
    screen.send_keys("C-q")
    assert took < LONGEST_S

    said = [FOUR[word] for word, _ in rest]
    play(terminal, virtual_mic, [sound for _, sound in rest], tmp_path / "first.trail")
    first = drawn(tmp_path / "first.trail", home)
    assert sum(direction in first for direction in said) >= len(said) - 1, (said, first)
    file = tmp_path / "mine.vtwords"
    assert voicetrail("words", "export", "mine", str(file), env=home).returncode == 0
    assert voicetrail("words", "delete", "mine", "--yes", env=home).returncode == 0
    assert "none" not in voicetrail("words", "import", str(file), env=home).stderr
    play(terminal, virtual_mic, [sound for _, sound in rest], tmp_path / "again.trail")
    again = drawn(tmp_path / "again.trail", home)
    assert sum(direction in again for direction in said) >= len(said) - 1, (said, again)
