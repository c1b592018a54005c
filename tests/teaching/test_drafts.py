"""Takes that are not trained yet, while a program writes them that is killed."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.teaching.tones import silence, take
from voicetrail.teaching.collecting.drafts import Draft, load_draft, save_draft
from voicetrail.teaching.examples import ExampleSet

DRAFT = Draft("mine", ("links",))


class Killed(BaseException):
    """Nothing after it runs: no part of the program that cleans up catches it."""


def takes_in(room_seed: int, seeds: range) -> ExampleSet:
    examples = ExampleSet(room=silence(1.0, seed=room_seed))
    for seed in seeds:
        examples.add("links", take("links", seed))
    return examples


def saved(examples: ExampleSet, folder: Path) -> tuple[float, list[int]]:
    """What is read back of takes that were saved: the sound of the room, and the length of each take."""
    save_draft(DRAFT, examples, folder)
    return read(folder)


def read(folder: Path) -> tuple[float, list[int]]:
    _, examples = load_draft("mine", folder)
    return float(np.abs(examples.room).sum()), [len(each.sound) for each in examples.takes["links"]]


def test_a_kill_leaves_the_takes_with_the_room_in_which_they_were_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The player begins again with the same words, in another room; the program is killed before each of its renames."""
    before, after = takes_in(1, range(3)), takes_in(2, range(3, 5))
    states = [saved(before, tmp_path / "before"), saved(after, tmp_path / "after")]
    renames = {name: getattr(os, name) for name in ("rename", "replace")}
    found = []
    for last in count():
        folder = tmp_path / str(last)
        save_draft(DRAFT, before, folder)
        begun = count()

        def until_killed(name: str, *arguments: Any, begun: count[int] = begun, last: int = last, **options: Any) -> None:
            if next(begun) == last:
                raise Killed
            renames[name](*arguments, **options)

        with monkeypatch.context() as killing:
            for name in renames:
                killing.setattr(os, name, partial(until_killed, name))
            killing.setattr("shutil.rmtree", lambda *_, **__: None)
            try:
                save_draft(DRAFT, after, folder)
            except Killed:
                found.append(states.index(read(folder)))
                continue
        break
    assert found == sorted(found)
    assert found.count(0) > 3
    assert read(folder) == states[1]


def test_the_same_room_is_not_written_again_with_every_take(tmp_path: Path) -> None:
    save_draft(DRAFT, takes_in(1, range(1)), tmp_path)
    room = tmp_path / ".drafts" / "mine" / "examples" / "_background_noise_" / "room.wav"
    written = room.stat().st_ino
    save_draft(DRAFT, takes_in(1, range(2)), tmp_path)
    assert room.stat().st_ino == written
    save_draft(DRAFT, takes_in(2, range(2)), tmp_path)
    assert room.stat().st_ino != written
