"""A player in a room, as the listener would tell of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from voicetrail.calibration import CalibrationRun, Plan
from voicetrail.events import SAMPLE_RATE, Level, Scores
from voicetrail.spotting.detector import DetectorSettings

LABELS = ("up", "down", "left", "right", "_unknown_", "_background_noise_")
WORDS = LABELS[:4]
HOP = 640
SHIPPED = DetectorSettings(threshold=0.7, margin=0.1)


def scene(
    plan: Plan,
    score: Callable[[str, int], float],
    *,
    room: Callable[[random.Random], float] = lambda rng: 0.01,
    room_db: float = -60.0,
    speech_db: float = -25.0,
    clipped: Sequence[int] = (),
    said_as: Callable[[str], str] = lambda word: word,
    seconds: float | None = None,
) -> Iterator[Level | Scores]:
    """The events of a calibration.

    Args:
        plan: what is asked for.
        score: the score that the player's word reaches, by word and which time it is, from 0.
        room: the score of every word while nobody speaks.
        room_db: level of the room.
        speech_db: level of the voice.
        clipped: prompts, from 1, whose sound is clipped.
        said_as: the word that is recognized when a word is said.
        seconds: end after so long; the plan's own length, and a second more, by default.
    """
    rng = random.Random(5)
    prompts = plan.prompts
    end = plan.total + 1.0 if seconds is None else seconds
    for hop in range(1, round(end * SAMPLE_RATE / HOP) + 1):
        at = hop * HOP / SAMPLE_RATE
        number = int((at - plan.room) / plan.slot) if at >= plan.room else -1
        inside = at - plan.room - number * plan.slot
        speaking = 0 <= number < len(prompts) and 0.6 <= inside <= 1.1
        row = [room(rng) for _ in WORDS] + [0.1, 0.8]
        if speaking:
            word = prompts[number]
            row[LABELS.index(said_as(word))] = score(word, prompts[:number].count(word))
        level = speech_db if speaking else room_db
        yield Level(hop * HOP, level, level + 6, speaking and number + 1 in clipped)
        yield Scores(hop * HOP, tuple(row), tuple(row))


def heard(plan: Plan, events: Iterator[Level | Scores], detector: DetectorSettings = SHIPPED) -> CalibrationRun:
    """A session that has taken all the events."""
    session = CalibrationRun(LABELS, plan, detector)
    for event in events:
        session.feed(event)
    return session
