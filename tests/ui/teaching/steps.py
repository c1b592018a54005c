"""Steps through the teaching screen: words are named, sound comes from the listener, and what the screen shows is read."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tests.teaching.tones import recording, silence
from tests.ui.waiting import until
from voicetrail.teaching.session import Make
from voicetrail.teaching.takes import Sound
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.teaching.teach_screen import TeachScreen
from voicetrail.ui.widgets.rows import Rows

TAKES = 3


def say(app: VoicetrailApp, sound: Sound) -> None:
    """Sound comes from the listener, hop by hop."""
    worker = app.context.worker
    assert worker is not None
    assert worker.sound_tap is not None
    for begin in range(0, len(sound) - 639, 640):
        worker.sound_tap(begin, sound[begin : begin + 640], False)


async def open_form(pilot: Pilot[None], app: VoicetrailApp, make: Make | None = None) -> TeachScreen:
    await until(pilot, lambda: app.context.labels)
    screen = TeachScreen(app.context, make=make, takes=TAKES, room_s=2.0)
    await app.push_screen(screen)
    await pilot.pause()
    return screen


async def name_words(pilot: Pilot[None], *words: str) -> None:
    for text in ("mine", *words):
        await pilot.press(*text, "enter")
    await pilot.press("enter")


async def record_words(pilot: Pilot[None], app: VoicetrailApp, make: Make, *words: str) -> TeachScreen:
    """Teach words up to the last take: what follows is the training."""
    screen = await open_form(pilot, app, make)
    await name_words(pilot, *words)
    say(app, silence(2.2))
    await until(pilot, lambda: screen.stage == "words")
    for number, word in enumerate(words, 1):
        say(app, recording([word] * TAKES, seed=number))
        await until(pilot, partial(took, screen, number))
    assert screen.stage == "ready"
    return screen


def rows(screen: Screen[Any], where: str = "#lines") -> str:
    return "\n".join(screen.query_one(where, Rows).text_rows)


def accepts_words(screen: TeachScreen) -> bool:
    return screen.accepts_words


def is_held(app: VoicetrailApp) -> bool:
    """Whether a dialog holds words back."""
    return app.context.held_by_dialog


def took(screen: TeachScreen, number: int) -> bool:
    """Whether the takes of a word are all there."""
    return screen.session is None or screen.session.number > number or screen.stage == "ready"
