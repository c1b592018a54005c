"""Programs that are killed while they record and save takes: what is there afterwards are the takes before or after the last one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.disks import FULL, fill
from tests.e2e.lab import VOICETRAIL
from tests.teaching.tones import recording
from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.collecting.drafts import damaged_drafts, list_drafts, load_draft

pytestmark = pytest.mark.timeout(300)
KILLS = 40
_TEACHER = """
import itertools, sys
from pathlib import Path
import numpy as np
from tests.teaching.tones import silence, take
from voicetrail.teaching.session import TeachingSession
folder, began = Path(sys.argv[1]), int(sys.argv[2])
takes = {word: [take(word, seed) for seed in range(6)] for word in ("links", "rechts", "hoch")}
for number in itertools.count(began):
    # Every second time the words are others, as where a player begins again under the same name.
    words = ("links", "rechts") if number % 2 else ("links", "hoch")
    session = TeachingSession("mine", dict.fromkeys(words, ""), takes=6, judge=lambda examples: None, folder=folder)
    session.stage = "words"
    for word in words:
        for one in takes[word]:
            session.add_takes(word, [one])
            print("begun", number, session.count, flush=True)
            session.settle()
            print("kept", number, session.count, flush=True)
    session.close()
"""


def test_every_kill_leaves_the_takes_before_or_after_the_last_one(tmp_path: Path) -> None:
    dice, number = random.Random(3), 0
    folder = tmp_path / "words"
    counts = set()
    for _ in range(KILLS):
        teacher = subprocess.Popen(
            [sys.executable, "-c", _TEACHER, str(folder), str(number)], stdout=subprocess.PIPE, text=True
        )
        assert teacher.stdout is not None
        assert teacher.stdout.readline()
        # The first save replaces other words, which is where most could go wrong.
        time.sleep(dice.uniform(0, dice.choice((0.02, 0.2))))
        teacher.send_signal(signal.SIGKILL)
        lines = [line.split() for line in teacher.stdout.read().splitlines() if len(line.split()) == 3]
        teacher.wait()
        kept = [(int(at), int(count)) for kind, at, count in lines if kind == "kept"]
        begun = [(int(at), int(count)) for kind, at, count in lines if kind == "begun"]
        assert damaged_drafts(folder) == []
        there = list_drafts(folder)
        if not there:
            assert not kept
            continue
        draft, examples = load_draft("mine", folder)
        counts.add(draft.takes)
        assert sum(examples.counts().values()) == draft.takes
        if kept or begun:
            words = {0: ("links", "hoch"), 1: ("links", "rechts")}
            allowed = [(words[at % 2], count) for at, count in (*kept[-1:], *begun[-1:])]
            assert not kept or (draft.words, draft.takes) in allowed
            number = max(at for at, _ in (*kept, *begun)) + 1
    assert len(counts) > 4, counts


def teach(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*VOICETRAIL, "teach", "mine", *arguments],
        env={**os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(path: Path, words: int, seed: int = 0) -> Path:
    """A recording of the room, and of a word so many times."""
    soundfile.write(
        path, np.concatenate((np.zeros(int(3.5 * SAMPLE_RATE)), recording(["links"] * words, seed=seed))), SAMPLE_RATE
    )
    return path


def test_takes_of_a_command_that_is_killed_are_gone_on_with(home: dict[str, str], tmp_path: Path) -> None:
    source = str(said(tmp_path / "links.wav", 9))
    teaching = teach("--word", "links=left", "--takes", "8", "--source", source)
    assert teaching.stderr is not None
    for line in teaching.stderr:
        if "3 of 8" in line:
            break
    time.sleep(random.Random(5).uniform(0.2, 0.8))
    teaching.kill()
    teaching.communicate()
    (draft,) = list_drafts()
    assert draft.takes in (3, 4)
    again = teach("--continue", "--takes", "5", "--source", str(said(tmp_path / "more.wav", 4, seed=2)))
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert "5 of 5" in errors
    assert list_drafts() == []


def test_a_command_says_that_the_disk_is_full_and_how_many_takes_are_saved(
    home: dict[str, str], disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(disk))
    source = str(said(tmp_path / "links.wav", 9))
    filler = fill(disk, leave_kb=260)
    teaching = teach("--word", "links=left", "--takes", "8", "--source", source)
    _, errors = teaching.communicate(timeout=120)
    assert teaching.returncode == 1, errors
    assert FULL in errors
    assert "Traceback" not in errors
    (draft,) = list_drafts()
    assert 0 < draft.takes < 8
    assert f"Saved takes: {draft.takes}. To resume: voicetrail teach 'mine' --continue" in errors
    assert sum(load_draft("mine")[1].counts().values()) == draft.takes
    filler.unlink()
    more = str(said(tmp_path / "more.wav", 4, seed=2))
    again = teach("--continue", "--takes", str(max(3, draft.takes)), "--source", more)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
