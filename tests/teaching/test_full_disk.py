"""A file system that is really full: the takes saved before stay, the player reads why no more are, and nothing is half there."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.disks import FULL, fill
from tests.teaching.sets import keep_untrained
from tests.teaching.tones import recording, silence
from voicetrail.errors import TeachingError
from voicetrail.teaching import exchange, word_sets
from voicetrail.teaching.collecting.background import Judge
from voicetrail.teaching.collecting.drafts import delete_draft, list_drafts, load_draft
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.going_on import resume_draft
from voicetrail.teaching.session import TeachingSession
from voicetrail.teaching.takes import Sound


def hear(session: TeachingSession, sound: Sound) -> None:
    """Sound comes from the listener, hop by hop."""
    for begin in range(0, len(sound) - 639, 640):
        session.tap(begin, sound[begin : begin + 640], False)
    session.poll()


def begin(words: Mapping[str, str], folder: Path, judge: Judge = lambda examples: None) -> TeachingSession:
    session = TeachingSession("mine", words, takes=6, room_s=1.0, judge=judge, folder=folder)
    hear(session, silence(1.1))
    return session


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_takes_that_do_not_fit_are_said_to_and_those_before_them_stay(disk: Path) -> None:
    session = begin({"links": "left"}, disk / "words")
    hear(session, recording(["links"] * 2))
    session.settle()
    assert session.unsaved == ""
    filler = fill(disk, leave_kb=20)
    hear(session, recording(["links"] * 2, seed=2))
    session.settle()
    assert session.count == 4
    assert FULL in session.unsaved
    assert str(disk / "words" / ".drafts" / "mine") in session.unsaved
    _, there = load_draft("mine", disk / "words")
    assert there.counts() == {"links": 2}
    filler.unlink()
    session.close()
    assert session.unsaved == ""
    with_all = resume_draft("mine", folder=disk / "words", judge=lambda examples: None)
    assert with_all.count == 4
    with_all.close()


def test_the_first_take_on_a_full_disk_leaves_nothing_that_is_half_there(disk: Path) -> None:
    (disk / "words" / ".drafts").mkdir(parents=True)
    filler = fill(disk, leave_kb=12)
    session = begin({"links": "left"}, disk / "words")
    hear(session, recording(["links"]))
    session.settle()
    assert FULL in session.unsaved
    assert list_drafts(disk / "words") == []
    assert [path.name for path in (disk / "words" / ".drafts").iterdir() if path.is_dir()] == []
    filler.unlink()
    hear(session, recording(["links"], seed=2))
    session.close()
    assert [draft.takes for draft in list_drafts(disk / "words")] == [2]


def test_nothing_is_written_behind_the_back_of_a_closed_session(disk: Path) -> None:
    """Its background thread was still busy: by now another program may teach the set."""
    compared: queue.Queue[int] = queue.Queue()
    go_on = threading.Event()

    def judge(examples: ExampleSet) -> None:
        compared.put(sum(examples.counts().values()))
        go_on.wait(20)

    filler = fill(disk, leave_kb=12)
    session = begin({"links": "left"}, disk / "words", judge)
    hear(session, recording(["links"]))
    assert compared.get(timeout=20) == 1
    hear(session, recording(["links"], seed=2))
    session.close()
    assert FULL in session.unsaved
    filler.unlink()
    go_on.set()
    assert compared.get(timeout=20) == 2
    assert list_drafts(disk / "words") == []


def test_takes_are_deleted_from_a_full_disk(disk: Path) -> None:
    session = begin({"links": "left"}, disk / "words")
    hear(session, recording(["links"] * 2))
    session.close()
    fill(disk, leave_kb=0)
    assert delete_draft("mine", disk / "words")
    assert list_drafts(disk / "words") == []
    assert os.statvfs(disk).f_bavail > 0


def test_a_set_that_does_not_fit_leaves_the_one_before_and_its_takes(disk: Path) -> None:
    keep_untrained("mine", disk / "words", with_takes=True)
    before = files(disk / "words")
    exchange.export_set("mine", disk / "mine.vtwords", folder=disk / "words")
    fill(disk, leave_kb=200)
    with pytest.raises(TeachingError, match=FULL):
        exchange.import_set(disk / "mine.vtwords", overwrite=True, folder=disk / "words")
    assert files(disk / "words") == before
    with pytest.raises(TeachingError, match=FULL):
        exchange.export_set("mine", disk / "again.vtwords", folder=disk / "words")
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "mine.vtwords", "words"]
    word_sets.delete_set("mine", disk / "words")
    assert word_sets.list_sets(disk / "words") == []
