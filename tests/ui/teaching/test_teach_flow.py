"""What a stranger meets while teaching: the form, one's own voice, being led by words, takes that are there already."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.commands.test_teach import record_marked_and_undone
from tests.disks import FULL, fill
from tests.replay.makers import record_spoken
from tests.teaching.tones import recording, silence
from tests.ui.stage import make_context, make_settings
from tests.ui.teaching.steps import TAKES, accepts_words, name_words, open_form, record_words, rows, say, took
from tests.ui.waiting import until
from voicetrail.replay import library
from voicetrail.teaching import making, word_sets
from voicetrail.teaching.collecting.drafts import list_drafts, only_program
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import HeadProgress
from voicetrail.teaching.heads.personal import Check
from voicetrail.teaching.heads.teach import Taught
from voicetrail.teaching.session import Make, TeachingSession
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.teaching.ends import finish_behind, take_back
from voicetrail.ui.teaching.takes.replays_screen import TakeReplaysScreen
from voicetrail.ui.teaching.teach_screen import TeachScreen
from voicetrail.ui.widgets.menu import MenuList

PITCH_OF = {"up": "links", "down": "rechts", "left": "hoch", "right": "other"}
"""Tones that stand for the shipped words."""


async def say_the_shipped_words(pilot: Pilot[None], app: VoicetrailApp) -> TeachScreen:
    await until(pilot, lambda: app.context.labels)
    screen = TeachScreen(app.context, "personal", takes=TAKES, room_s=2.0)
    await app.push_screen(screen)
    await pilot.pause()
    say(app, silence(2.2))
    await until(pilot, lambda: screen.stage == "words")
    for number, tone in enumerate(PITCH_OF.values(), 1):
        say(app, recording([tone] * TAKES, seed=number))
        await until(pilot, partial(took, screen, number))
    return screen


def compared(make: Make, check: Check) -> Callable[..., tuple[Taught, Check]]:
    """Stands in for ``making.make_personal``: a head that was really trained, and a comparison of our choice."""

    def made(examples: ExampleSet, *, progress: Callable[[HeadProgress], None]) -> tuple[Taught, Check]:
        return make(examples, {}, progress), check

    return made


async def test_the_shipped_words_in_ones_own_voice_are_compared_with_what_ships_and_kept(
    app: VoicetrailApp, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "make_personal", compared(make, Check(0.75, 0.917, 0.3, 0.2, 2.1)))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await say_the_shipped_words(pilot, app)
        assert screen.session is not None
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage != "training", seconds=90)
        assert screen.stage == "done", rows(screen)
        await until(pilot, lambda: "as they ship in your voice" in " ".join(rows(screen).split()))
        assert f"heard of {4 * TAKES} takes that were held out" in rows(screen)
        text = " ".join(rows(screen).split())
        assert "held out 75% 92%" in text
        assert "false moves in an hour of other talk 0.3 0.2" in text
        assert "Saved and in use" in rows(screen)
        assert "Try it" in rows(screen)
        (info,) = word_sets.list_sets()
        assert (info.name, info.personal) == ("my voice", True)
        assert app.context.settings.values.weights == "my voice"
        assert list_drafts() == []


async def test_what_is_no_better_than_what_ships_is_not_kept_and_the_screen_says_why(
    app: VoicetrailApp, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "make_personal", compared(make, Check(0.75, 0.5, 1.2, 0.4, 0.3)))
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await say_the_shipped_words(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage == "not kept", seconds=90)
        await until(pilot, lambda: "75%" in rows(screen))
        text = " ".join(rows(screen).replace("!", " ").split())
        assert "75% 50%" in text
        assert "1.2 0.4" in text
        assert "It is not saved: it hears fewer of your takes than what ships. The shipped words stay in use" in text
        assert "enter: close" in rows(screen, "#keys")
        assert word_sets.list_sets() == []
        assert app.context.settings.values.weights == ""
        assert [draft.takes for draft in list_drafts()] == [4 * TAKES], "more takes may be added to them"
        assert accepts_words(screen), "by voice: right closes, left goes back to the takes"
        await pilot.press("enter")
        assert app.screen is not screen


async def test_who_tries_a_set_is_asked_by_voice_after_a_while_and_left_goes_back(app: VoicetrailApp, make: Make) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await record_words(pilot, app, make, "links")
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage == "done", seconds=60)
        await until(pilot, lambda: "Try it" in rows(screen))
        assert not accepts_words(screen), "words are tried"
        screen._last_word -= 13
        screen._said = ""
        await until(pilot, lambda: "Nothing was said for a while. Right plays with it" in " ".join(rows(screen).split()))
        assert accepts_words(screen)
        assert (screen.key_of("right"), screen.key_of("left")) == ("enter", "b")
        await pilot.press("b")
        assert screen.stage == "ready"


async def test_words_are_proposed_to_who_leads_the_form_by_voice(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        assert "By voice: right proposes four words" in rows(screen)
        key = screen.key_of("right")
        assert key is not None
        await pilot.press(key)
        assert accepts_words(screen), "what was proposed is not lost"
        assert "By voice: right begins" in rows(screen)
        await pilot.press(key)
        assert screen.session is not None
        assert screen.session.name == "my words"
        assert {*screen.session.meanings.values()} == {"left", "right", "up", "down"}


async def test_the_form_is_gone_through_with_the_arrows_and_is_not_left_by_accident(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await pilot.press(*"mine", "down", *"links", "tab", "left", "enter", *"rechts", "up", "up")
        assert screen.query_one("#set-name", Input).has_focus
        assert screen.stage == "form", "enter beside a word goes to the next word"
        await pilot.press("escape")
        assert app.screen is screen
        assert "What you wrote is lost" in rows(screen)
        await pilot.press("down", "down", "down", "enter")
        assert screen.session is not None
        assert screen.session.meanings == {"links": "down", "rechts": "right"}
        assert tuple(screen.session.words) == ("links", "rechts")


async def test_takes_that_are_not_finished_are_not_replaced_without_a_question(app: VoicetrailApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await name_words(pilot, "links")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        say(app, recording(["links"]))
        await until(pilot, lambda: screen.session is not None and screen.session.count == 1)
        await pilot.press("escape")
        again = await open_form(pilot, app)
        await name_words(pilot, "links")
        assert again.session is None
        assert "takes of mine that are not finished already: enter again replaces" in " ".join(rows(again).split())
        assert [draft.takes for draft in list_drafts()] == [1]


async def test_two_programs_do_not_teach_one_set_at_once(app: VoicetrailApp) -> None:
    with only_program("mine"):
        async with app.run_test(size=(80, 24)) as pilot:
            screen = await open_form(pilot, app)
            await name_words(pilot, "links")
            assert screen.session is None
            assert "another program is teaching mine at the moment" in rows(screen)


async def test_a_set_that_trains_in_one_app_is_not_taken_over_by_another(tmp_path: Path) -> None:
    one, other = (VoicetrailApp(make_context(make_settings(tmp_path / name))) for name in ("one", "other"))
    session = TeachingSession("mine", {"links": "left"}, folder=tmp_path, judge=lambda examples: None)
    session.stage = "training"
    finish_behind(one, one.context, session)
    assert take_back(other, "mine") is None
    assert take_back(one, "mine") is session
    session.close()


async def test_takes_come_from_a_replay_where_words_were_marked_or_undone(
    app: VoicetrailApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "replays").mkdir()
    monkeypatch.setattr(library, "folder", lambda: tmp_path / "replays")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await name_words(pilot, "links", "rechts")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        await pilot.press("v")
        await until(pilot, lambda: "no replay has sound" in " ".join(rows(app.screen, "#said").split()))
        await pilot.press("enter", "p", "escape")
        record_spoken(tmp_path / "replays" / "silent.trail")
        record_marked_and_undone(tmp_path / "replays" / "kept.trail")
        await pilot.press("v")
        found = app.screen
        assert isinstance(found, TakeReplaysScreen)
        await until(pilot, lambda: found.query_one(MenuList).text_rows)
        assert len([row for row in found.query_one(MenuList).text_rows if row.strip()]) == 1, "the one with its sound"
        await pilot.press("enter")
        await until(pilot, lambda: "undone: detected as left" in "\n".join(found.query_one(MenuList).text_rows))
        assert "marked: missed as left" in "\n".join(found.query_one(MenuList).text_rows)
        await pilot.press("enter", "enter", "down", "enter")
        assert screen.session is not None
        assert screen.session.examples.counts()["links"] == 2, "each once"
        assert sum("added" in row for row in found.query_one(MenuList).text_rows) == 2
        await pilot.press("escape", "escape")
        assert app.screen is screen
        await until(pilot, lambda: "take 3 of" in rows(screen))


async def test_takes_that_a_full_disk_does_not_hold_are_not_left_without_a_question(
    app: VoicetrailApp, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(disk))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot, app)
        await name_words(pilot, "links")
        say(app, silence(2.2))
        await until(pilot, lambda: screen.stage == "words")
        filler = fill(disk, leave_kb=12)
        say(app, recording(["links"]))
        await until(pilot, lambda: FULL in " ".join(rows(screen).split()))
        await pilot.press("escape")
        assert app.screen is screen
        assert "esc again leaves, and loses the takes" in " ".join(rows(screen).split())
        filler.unlink()
        say(app, recording(["links"], seed=2))
        await until(pilot, lambda: screen.session is not None and screen.session.count == 2)
        await until(pilot, lambda: FULL not in rows(screen))
        await pilot.press("escape")
        assert app.screen is not screen
        await until(pilot, list_drafts)
        assert [draft.takes for draft in list_drafts()] == [2]
