"""Pictures of the teaching screens: `pytest --snapshot-update` renews them; then look at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.teaching.sets import keep_untrained
from tests.teaching.tones import silence, spoken, take
from tests.ui.stage import make_context, make_settings
from voicetrail.teaching.collecting import drafts
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.outcome import TeachingResult, TrainingProgress
from voicetrail.teaching.session import TeachingSession
from voicetrail.teaching.takes import Take
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.dialogs import open_dialog
from voicetrail.ui.teaching.takes.files_screen import TakeFilesScreen
from voicetrail.ui.teaching.teach_screen import TeachScreen

Compare = Callable[..., bool]
VARIANTS: dict[str, tuple[tuple[int, int], dict[str, object]]] = {
    "60x20": ((60, 20), {}),
    "80x24": ((80, 24), {}),
    "ascii": ((80, 24), {"ascii": True}),
    "16-colors": ((80, 24), {"theme": "ansi-dark"}),
    "paper": ((100, 30), {"theme": "paper"}),
}
MEANINGS = {"links": "left", "rechts": "right", "hoch": "up", "runter": "down"}
RESULT = TeachingResult(
    tuple(MEANINGS),
    0.96,
    0.92,
    0.8,
    2.4,
    ((6, 0, 0, 0), (0, 6, 0, 0), (0, 1, 5, 0), (0, 0, 0, 6)),
    ("hoch is taken for rechts: choose another word for one of them, or record more takes of both.",),
)


def clipped() -> Take:
    word = np.clip(40 * spoken("links", 5), -1.0, 1.0)
    room = silence(0.4)
    return Take(np.concatenate((room, word, room)), len(room), len(room) + len(word), -60.0)


def takes_of(counts: tuple[int, ...]) -> ExampleSet:
    examples = ExampleSet(room=silence(4.0))
    for word, count in zip(MEANINGS, counts, strict=True):
        examples.add_word(word)
        for seed in range(count):
            examples.add(word, clipped() if (word, seed) == ("links", 2) else take(word, seed))
    return examples


def session(counts: tuple[int, ...]) -> TeachingSession:
    return TeachingSession("mine", MEANINGS, examples=takes_of(counts), judge=lambda examples: None)


def stage(name: str) -> TeachingSession:
    made = session((6, 6, 6, 6) if name != "words" else (4, 0, 0, 0))
    if name == "training":
        made.stage, made.training = "training", TrainingProgress(0.42, 0.213, 0.92, 2.0)
    elif name == "done":
        made.stage, made.result = "done", RESULT
    elif name == "room":
        made.stage, made._room = "room", [silence(1.0)]
    return made


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["form", "room", "words", "ready", "take", "training", "done", "files", "list"])
def test_the_teaching_screens(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, variant: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLORTERM", "truecolor")
    size, flags = VARIANTS[variant]
    context = make_context(make_settings(tmp_path, reduced_motion=True, **flags), clock=lambda: 100.0)
    app = VoicetrailApp(context)

    async def visit(pilot: Pilot[None]) -> None:
        await pilot.pause()
        if name == "list":
            keep_untrained("mine")
            drafts.save_draft(drafts.Draft("half", tuple(MEANINGS), MEANINGS, 6, takes=6), takes_of((6, 0, 0, 0)))
            await app.push_screen(open_dialog("words", context))
            await pilot.pause()
            return
        screen = TeachScreen(context)
        await app.push_screen(screen)
        await pilot.pause()
        if name != "form":
            screen._used, screen._last_word = True, 100.0
            screen._start(stage(name))
            await pilot.pause()
            screen._said = ""
            if name == "take":
                screen._look()
                await pilot.press("down", "right", "right")
            if name == "done":
                screen.trial.scores = {"links": 0.05, "rechts": 0.93, "hoch": 0.31}
                screen.trial.heard = {"rechts": 2}
            screen._look()
            if name == "files":
                assert screen.session is not None
                await app.push_screen(TakeFilesScreen(context, screen.session, "links"))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=visit)
