"""Teaching on the screen: words are named, takes find themselves, a head is trained, the set is kept and used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from textual.widgets import Input

from tests.teaching.tones import PITCH, recording, silence, spoken
from tests.ui.teaching.steps import TAKES, accepts_words, is_held, name_words, open_form, record_words, rows, say, took
from tests.ui.waiting import until
from voicetrail.errors import TeachingError
from voicetrail.events import SAMPLE_RATE, Scores, WordHeard
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting.drafts import list_drafts
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import HeadProgress
from voicetrail.teaching.heads.teach import Taught
from voicetrail.teaching.session import Make
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.teaching.sets.words_screen import WordsScreen
from voicetrail.ui.teaching.takes.files_screen import TakeFilesScreen
from voicetrail.ui.teaching.teach_screen import TeachScreen


@pytest.mark.parametrize(("size", "ascii_only"), [((80, 24), False), ((60, 20), True)], ids=["box", "ascii-small"])
async def test_words_are_taught_saved_and_used(app: VoicetrailApp, make: Make, size: tuple[int, int], ascii_only: bool) -> None:
    app.ascii_only = app._force_ascii = ascii_only
    async with app.run_test(size=size) as pilot:
        screen = await open_form(pilot, app, make)
        assert accepts_words(screen), "the empty form can be left by voice"
        await name_words(pilot, *PITCH)
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        assert not accepts_words(screen)
        for number, word in enumerate(PITCH, 1):
            assert f"{number}/3  say  {word}" in rows(screen)
            say(app, recording([word] * TAKES, seed=number))
            await until(pilot, partial(took, screen, number))
        assert "9 takes of 3 words" in rows(screen)
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage == "done", seconds=60)
        await until(pilot, lambda: "held-out takes are right" in rows(screen))
        assert "detected word (columns)" in " ".join(rows(screen).split())
        assert "Saved and in use" in rows(screen)
        assert all(len(row) <= size[0] - 4 for row in rows(screen).splitlines())
        assert not ascii_only or rows(screen).isascii()
        (info,) = word_sets.list_sets()
        assert (info.name, info.words, dict(info.takes)) == ("mine", tuple(PITCH), dict.fromkeys(PITCH, TAKES))
        assert info.meanings == {"links": "left", "rechts": "right", "hoch": "up"}
        assert app.context.settings.values.weights == "mine"
        await pilot.press("enter")
        assert not is_held(app)
        assert app.context.worker is not None
        assert app.context.worker.sound_tap is None


async def test_a_take_is_deleted_a_word_restarted_and_problems_are_sentences(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await name_words(pilot, "links", "rechts")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        session = screen.session
        assert session is not None
        say(app, recording(["links"]))
        await until(pilot, lambda: session.examples.counts()["links"] == 1)
        assert "good" in rows(screen)
        loud = np.clip(np.concatenate((silence(0.8), 40 * spoken("links", 5), silence(0.9, seed=3))), -1.0, 1.0)
        say(app, loud)
        await until(pilot, lambda: session.examples.counts()["links"] == 2)
        assert "It is clipped" in rows(screen)
        await pilot.press("x")
        assert session.examples.counts()["links"] == 1
        assert "was deleted" in rows(screen)
        say(app, np.concatenate((silence(0.8), spoken("links", 5, seconds=2.2), silence(0.9, seed=3))))
        await until(pilot, lambda: "That was not a take" in rows(screen))
        assert session.examples.counts()["links"] == 1
        await pilot.press("r")
        assert session.examples.counts()["links"] == 0
        say(app, recording(["links"] * TAKES, seed=2))
        await until(pilot, lambda: session.word == "rechts")
        say(app, recording(["rechts"] * TAKES, seed=3))
        await until(pilot, lambda: screen.stage == "ready")
        # Any take of any word: the mark goes there, its spectrogram is shown, and it is done over.
        await pilot.press("down", "right")
        assert "links, take 2 of 3:" in rows(screen)
        kept = session.examples.takes["links"][0], session.examples.takes["links"][2]
        await pilot.press("o")
        assert (screen.stage, session.word, session.examples.counts()["links"]) == ("words", "links", TAKES - 1)
        say(app, recording(["links"], seed=9))
        await until(pilot, lambda: screen.stage == "ready")
        assert session.examples.takes["links"][:2] == [*kept]
        assert session.examples.counts() == {"links": TAKES, "rechts": TAKES}


async def test_a_player_who_leaves_continues_later_with_every_take(app: VoicetrailApp, make: Make) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app, make)
        await name_words(pilot, "links", "rechts")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        say(app, recording(["links"] * TAKES + ["rechts"], seed=2))
        await until(pilot, lambda: screen.session is not None and screen.session.count == TAKES + 1)
        await pilot.press("escape")
        assert app.screen is not screen
        (draft,) = list_drafts()
        assert (draft.name, draft.words, draft.takes) == ("mine", ("links", "rechts"), TAKES + 1)
        again = TeachScreen(app.context, "draft:mine", make=make)
        await app.push_screen(again)
        await until(pilot, lambda: "2/2  say  rechts   take 2 of 3" in rows(again))
        say(app, recording(["rechts"] * (TAKES - 1), seed=4))
        await until(pilot, lambda: again.stage == "ready")
        await pilot.press("enter")
        await until(pilot, lambda: again.stage in ("done", "failed"), seconds=60)
        assert again.stage == "done", rows(again)
        assert list_drafts() == []
        assert [info.name for info in word_sets.list_sets()] == ["mine"]


def rows_with(screen: WordsScreen, *texts: str) -> list[str]:
    """The rows of the list that contain all of some texts."""
    return [row for row in screen.menu.text_rows if all(text in row for text in texts)]


async def test_training_goes_on_when_the_screen_is_left_and_its_set_is_listed_and_used(app: VoicetrailApp, make: Make) -> None:
    go_on = threading.Event()

    def slow(examples: ExampleSet, meanings: Mapping[str, str], report: Callable[[HeadProgress], None]) -> Taught:
        go_on.wait(20)
        return make(examples, meanings, report)

    async with app.run_test(size=(80, 24)) as pilot:
        listed = WordsScreen(app.context)
        await app.push_screen(listed)
        screen = await record_words(pilot, app, slow, "links")
        await pilot.press("enter", "escape")
        assert app.screen is not screen
        assert [draft.takes for draft in list_drafts()] == [TAKES], "a machine that stops now loses nothing"
        assert rows_with(listed, "mine", "not finished")
        go_on.set()
        await until(pilot, lambda: app.context.settings.values.weights == "mine", seconds=60)
        await until(pilot, lambda: rows_with(listed, "mine", "links", "in use"))
        assert not rows_with(listed, "not finished")
        assert list_drafts() == []


async def test_bars_move_while_words_are_tried_beside_the_confusion_matrix(app: VoicetrailApp, make: Make) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await record_words(pilot, app, make, *PITCH)
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage == "done", seconds=60)
        await until(pilot, lambda: app.context.state != "loading")
        await until(pilot, lambda: "Try it" in rows(screen))
        app.context.labels = ("links", "rechts", "hoch", "_unknown_", "_background_noise_")
        scores = (0.0, 0.95, 0.02, 0.0, 0.0)
        # By hand, and not through the worker, whose own scores follow at once.
        screen._take_updates((Scores(640, scores, scores), WordHeard(640, "rechts", 0.95)))
        screen._show()
        assert "0.95 x1" in rows(screen)
        row = next(line for line in rows(screen).splitlines() if line.startswith("rechts"))
        assert row.count("━") > 10
        assert row.split()[-3:] == ["0", "3", "0"]
        assert app.screen is screen, "a word that is tried presses no key"
        await pilot.press("b")
        assert screen.stage == "ready"


async def test_takes_come_from_files_in_the_middle_of_recording(app: VoicetrailApp, tmp_path: Path) -> None:
    long = tmp_path / "long.flac"
    soundfile.write(long, recording(["links"] * 4, pause=1.5, seed=5), SAMPLE_RATE)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await name_words(pilot, "links", "rechts")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, TakeFilesScreen))
        await pilot.press(*str(tmp_path / "none.wav"), "enter")
        files = app.screen
        assert isinstance(files, TakeFilesScreen)
        await until(pilot, lambda: "there is no file" in rows(files, "#said"))
        files.query_one(Input).value = str(long)
        await pilot.press("enter")
        await until(pilot, lambda: "4 takes of links" in rows(files, "#said"))
        await pilot.press("escape")
        await until(pilot, lambda: "2/2  say  rechts" in rows(screen))


async def test_playing_a_take_says_why_it_cannot_be_heard_over_ssh(app: VoicetrailApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await name_words(pilot, "links")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        await pilot.press("p")
        assert "there is no take yet" in rows(screen)
        say(app, recording(["links"]))
        await until(pilot, lambda: screen.session is not None and screen.session.count == 1)
        await pilot.press("p")
        assert "over SSH" in rows(screen)


async def test_an_invalid_set_is_reported_and_nothing_begins(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await pilot.press("enter", "enter")
        assert "cannot be the name" in rows(screen)
        await pilot.press("shift+tab", *"a/b", "enter", "enter")
        assert "cannot be the name" in rows(screen)
        await pilot.press("shift+tab", *("backspace",) * 3, *"ok", "enter", "enter")
        assert "no words yet" in rows(screen)
        await pilot.press(*"links", "enter", *"links", "enter", "enter")
        assert "twice" in rows(screen)
        assert screen.session is None


async def test_failed_training_keeps_the_takes_and_reports_why(app: VoicetrailApp) -> None:
    def broken(examples: ExampleSet, meanings: Mapping[str, str], report: object) -> Taught:
        raise TeachingError("there are no negatives for this backbone; install voicetrail again")

    async with app.run_test(size=(80, 24)) as pilot:
        screen = await record_words(pilot, app, broken, "links")
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage == "failed")
        await until(pilot, lambda: "no negatives for this backbone" in rows(screen))
        assert screen.session is not None
        assert screen.session.examples.counts() == {"links": TAKES}
