"""Takes from a source: a word in which sound was lost is no take, neither for the command nor for the screen."""

from __future__ import annotations

import pytest

from tests.sources import Item, Items
from tests.teaching.tones import recording, silence
from voicetrail.events import AudioBlock, SourceLost
from voicetrail.teaching.recorder import TakeRecorder
from voicetrail.teaching.session import TeachingSession
from voicetrail.teaching.takes import Sound

BLOCK = 320
HOLE = range(18_000, 20_000)
"""Samples in the middle of the first word."""


def blocks(sound: Sound, hole: range, *, unplugged: bool) -> list[Item]:
    """Sound in blocks, of which some are lost."""
    items: list[Item] = []
    for at in range(0, len(sound), BLOCK):
        if at in hole:
            continue
        lost = len(hole) if at - BLOCK in hole else 0
        if lost and unplugged:
            items.append(SourceLost(0, "unplugged"))
        items.append(AudioBlock(sound[at : at + BLOCK], lost=0 if unplugged else lost))
    return items


@pytest.mark.parametrize("unplugged", [False, True], ids=["late", "unplugged"])
def test_a_word_with_a_hole_is_no_take_of_the_command(unplugged: bool) -> None:
    sound = recording(["links", "links"])
    recorder = TakeRecorder(Items(blocks(sound, HOLE, unplugged=unplugged)))
    recorder.record_room(0.5)
    interrupted: list[bool] = []
    recorder.on_interrupt = lambda: interrupted.append(True)
    assert recorder.next_take(10) is not None
    assert recorder.next_take(10) is None
    assert interrupted == [True], "the player is asked to say it again"
    whole = TakeRecorder(Items(blocks(sound, range(0), unplugged=False)))
    whole.record_room(0.5)
    assert whole.next_take(10) is not None
    assert whole.next_take(10) is not None


def test_a_word_with_a_hole_is_no_take_of_the_screen() -> None:
    session = TeachingSession("mine", {"links": "left"}, room_s=1.0, judge=lambda examples: None)
    sound = recording(["links", "links"])
    for samples in (silence(1.2), sound[: HOLE.start]):
        session.tap(0, samples, False)
    session.interrupt()
    for samples in (sound[HOLE.stop :], silence(1.0, seed=5)):
        session.tap(0, samples, False)
    session.poll()
    assert (session.count, session.interrupted) == (1, 1)
    session.close()
