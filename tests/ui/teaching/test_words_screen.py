"""The sets of words on the title: used without leaving the game, renamed, deleted after a question."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.teaching.sets import MEANINGS, keep_untrained
from tests.teaching.tones import take
from tests.ui.stage import make_settings
from tests.ui.tones import ToneRecognizer, tone_file
from tests.ui.waiting import until
from voicetrail.audio.file import FileSource
from voicetrail.errors import WeightsError
from voicetrail.listening import NamedRecognizer
from voicetrail.play.context import Send, SessionContext
from voicetrail.play.listening.updates import SourceRequest
from voicetrail.play.listening.worker import ListeningWorker
from voicetrail.settings import Settings
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting import drafts
from voicetrail.teaching.examples import ExampleSet
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.screens.title import TitleScreen
from voicetrail.ui.teaching.sets.words_screen import WordsScreen
from voicetrail.ui.teaching.teach_screen import TeachScreen
from voicetrail.ui.widgets.rows import Rows


class Links(ToneRecognizer):
    """The tones under other names, as a taught set has them."""

    labels = ("hoch", "runter", "links", "rechts", "_unknown_", "_background_noise_")
    name = "mine"
    meanings: Mapping[str, str] = {"hoch": "up", "runter": "down", **MEANINGS}
    detector = DetectorSettings(threshold=0.7)


def make_app(settings: Settings, sound: Path) -> VoicetrailApp:
    def load() -> NamedRecognizer:
        if settings.values.weights == "broken":
            raise WeightsError("broken is damaged; teach it again")
        return Links() if settings.values.weights else ToneRecognizer()

    def make_worker(context: SessionContext, send: Send) -> ListeningWorker:
        return ListeningWorker(
            SourceRequest(str(sound)), load, settings.detector_settings, send, opened=FileSource(sound, paced=True)
        )

    return VoicetrailApp(SessionContext(settings, make_worker))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoicetrailApp:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    keep_untrained("mine")
    keep_untrained("other")
    return make_app(make_settings(tmp_path), tone_file(tmp_path / "a.wav", []))


async def opened(pilot: Pilot[None]) -> WordsScreen:
    app = pilot.app
    assert isinstance(app, VoicetrailApp)
    title = app.screen
    assert isinstance(title, TitleScreen)
    await until(pilot, lambda: app.context.labels)
    title.menu.choose("words")
    await pilot.press("right")
    screen = app.screen
    assert isinstance(screen, WordsScreen)
    return screen


async def test_a_set_is_used_without_leaving_the_game_and_saved(app: VoicetrailApp, tmp_path: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert "Words that ship with the game: up, down, left, right." in said(screen)
        rows = screen.menu.text_rows
        assert rows[0].startswith("▸ directional4w")
        assert "up, down, left, right" in rows[0]
        assert "in use" in rows[0]
        assert "links, rechts" in rows[2]
        assert "12 takes, 95% right" in rows[2]
        await pilot.press("down", "down")
        assert "links = left, rechts = right: 12 takes, 95% right." in said(screen)
        hints = " ".join(screen.hints.text_rows)
        assert all(hint in hints for hint in ("right plays with it", "a takes", "r rename", "e export", "x delete", "? help"))
        screen.menu.choose("taught:mine")
        await pilot.press("right")
        await until(pilot, lambda: app.context.labels == Links.labels)
        assert app.context.state != "loading"
        assert "in use" in screen.menu.text_rows[2]
        screen.menu.choose("shipped:directional4w")
        await pilot.press("right")
        await until(pilot, lambda: app.context.labels == ToneRecognizer.labels)
        await pilot.press("down", "down", "right")
        app.context.settings.close()
    assert make_settings(tmp_path).values.weights == "mine"


async def test_a_set_that_cannot_be_loaded_leaves_the_previous_one_in_use(app: VoicetrailApp) -> None:
    keep_untrained("broken")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("taught:broken")
        await pilot.press("right")
        await until(pilot, lambda: "tones stays in use" in said(screen))
        assert app.context.labels == ToneRecognizer.labels


def said(screen: WordsScreen) -> str:
    """The message below the list, on one line."""
    return " ".join(" ".join(screen.note.text_rows).split())


def is_held(app: VoicetrailApp) -> bool:
    return app.context.held_by_dialog


async def test_rename_and_delete_after_a_question(app: VoicetrailApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot)
        await pilot.press("x")
        assert "only taught sets" in said(screen)
        screen.menu.choose("taught:mine")
        await pilot.press("right", "r")
        assert is_held(app)
        await pilot.press("2", "enter")
        assert [info.name for info in word_sets.list_sets()] == ["mine2", "other"]
        assert app.context.settings.values.weights == "mine2"
        assert not is_held(app)
        await pilot.press("r", "escape")
        assert app.screen is screen
        await pilot.press("x")
        assert "y or n" in said(screen)
        await pilot.press("down")
        assert "nothing was changed" in said(screen)
        await pilot.press("y")
        assert len(word_sets.list_sets()) == 2
        await pilot.press("x", "y")
        assert [info.name for info in word_sets.list_sets()] == ["other"]
        assert app.context.settings.values.weights == ""
        await pilot.press("escape")
        assert isinstance(app.screen, TitleScreen)


async def test_a_set_is_exported_imported_and_replaced_after_a_question(app: VoicetrailApp, tmp_path: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("taught:mine")
        file = tmp_path / "mine.vtwords"
        await pilot.press("e")
        field = screen.query_one(Input)
        assert field.value.endswith("mine.vtwords")
        field.value = str(tmp_path / "none" / ".." / "mine.vtwords")
        await pilot.press("enter")
        assert "which are recordings of your voice" in said(screen)
        await pilot.press("n")
        assert "without its takes" in said(screen)
        assert file.is_file()
        await pilot.press("e")
        field.value = str(file)
        await pilot.press("enter")
        assert "exists; name another file" in said(screen)
        await pilot.press("escape")
        assert "nothing was exported" in said(screen)
        await pilot.press("i")
        field.value = str(file)
        await pilot.press("enter")
        assert "there is a set mine: replace it, with its takes?" in said(screen)
        assert "y yes   n no" in " ".join(screen.hints.text_rows)
        await pilot.press("n")
        assert "mine 2 was imported" in said(screen), "both are kept"
        assert [info.name for info in word_sets.list_sets()] == ["mine", "mine 2", "other"]
        await pilot.press("x", "y")
        screen.menu.choose("taught:mine")
        await pilot.press("x", "y")
        assert [info.name for info in word_sets.list_sets()] == ["other"]
        await pilot.press("i")
        field.value = str(file)
        await pilot.press("enter")
        assert "mine was imported: links = left, rechts = right" in said(screen)
        assert [info.name for info in word_sets.list_sets()] == ["mine", "other"]
        await pilot.press("i")
        field.value = str(tmp_path / "nothing.vtwords")
        await pilot.press("enter")
        assert "cannot be read" in said(screen)
        await pilot.press("escape")
        assert not is_held(app)


async def test_a_draft_is_continued_or_deleted(app: VoicetrailApp) -> None:
    examples = ExampleSet()
    examples.add("links", take("links"))
    drafts.save_draft(drafts.Draft("half", ("links", "rechts"), {"links": "left"}, 6, takes=1), examples)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert any("half" in row and "not finished" in row for row in screen.menu.text_rows)
        screen.menu.choose("draft:half")
        await pilot.press("right")
        teaching = app.screen
        assert isinstance(teaching, TeachScreen)
        assert teaching.session is not None
        assert teaching.session.examples.counts() == {"links": 1, "rechts": 0}
        await pilot.press("escape", "x")
        assert "all its takes" in said(screen)
        await pilot.press("y")
        assert drafts.list_drafts() == []


async def test_looking_at_the_takes_of_a_set_leaves_no_second_list_of_them(
    app: VoicetrailApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_slowly(*arguments: Any) -> None:
        time.sleep(0.3)
        drafts.save_draft(*arguments)

    # A disk that is slow: the list is on the screen before the takes are saved.
    monkeypatch.setattr("voicetrail.teaching.collecting.background.save_draft", save_slowly)
    keep_untrained("mine", with_takes=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("taught:mine")
        await pilot.press("a")
        teaching = app.screen
        assert isinstance(teaching, TeachScreen)
        await pilot.press("escape")
        assert drafts.list_drafts() == []
        # Once a take is thrown away there is something to go on with; the set has its takes still.
        await pilot.press("a", "down", "x")
        await pilot.press("escape")
        await until(pilot, lambda: any("takes not trained yet" in row for row in screen.menu.text_rows))
        (draft,) = drafts.list_drafts()
        assert draft.takes == 5
        assert app.screen is screen
        assert dict(word_sets.list_sets()[0].takes) == {"links": 3, "rechts": 3}
        screen.menu.choose("taught:mine")
        await pilot.press("a")
        assert app.screen is screen, "takes that are not trained yet are not overwritten"
        assert "are not trained yet: right continues with them" in said(screen)
        assert screen.menu.item is not None
        assert screen.menu.item.name == "draft:mine"


async def test_a_key_that_is_faster_than_the_first_look_at_the_sound_counts(
    app: VoicetrailApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicetrail.ui.teaching.teach_screen.POLL_S", 3600.0)
    keep_untrained("mine", with_takes=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = TeachScreen(app.context, "set:mine")
        await app.push_screen(screen)
        await pilot.press("down")
        screen._look()
        assert screen.mark.word == 0


async def test_a_set_that_another_program_has_deleted_leaves_the_list(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("taught:mine")
        word_sets.delete_set("mine")
        await pilot.press("x", "y")
        assert "there is no set of words named 'mine'" in said(screen)
        assert not any("mine" in row for row in screen.menu.text_rows)


async def test_takes_that_are_not_here_are_no_empty_form(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("taught:other")
        await pilot.press("a")
        teaching = app.screen
        assert isinstance(teaching, TeachScreen)
        await until(
            pilot,
            lambda: "has no saved takes; record the words again" in " ".join(teaching.query_one("#lines", Rows).text_rows),
        )
        assert teaching.query_one("#form").display is False
        await pilot.press("escape")
        assert app.screen is screen


@pytest.mark.parametrize("path", ["~no such user/a.vtwords", "x" * 300, "/dev/null/a.vtwords", "none\x1b[2J/a.vtwords"])
async def test_a_path_that_cannot_be_one_is_a_line(app: VoicetrailApp, path: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("taught:mine")
        for key in ("e", "i"):
            await pilot.press(key)
            screen.query_one(Input).value = path
            await pilot.press("enter")
            if "your voice" in said(screen):
                await pilot.press("y")
            assert "cannot" in said(screen), said(screen)
            await pilot.press("escape")
        assert app.screen is screen


async def test_the_shipped_words_are_asked_for_in_the_players_voice(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.menu.choose("personal")
        await pilot.press("right")
        teaching = app.screen
        assert isinstance(teaching, TeachScreen)
        assert teaching.session is not None
        assert teaching.session.personal
        assert set(teaching.session.words) == {"up", "down", "left", "right"}
        assert teaching.session.takes == 5
