"""Teach a set of words: name them, say each a few times, watch the training, read how good it is, and play with it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import SettingsError, TeachingError, VoicetrailError
from voicetrail.events import SourceBack, SourceEnded, SourceLost
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.updates import Problem, Update
from voicetrail.teaching import word_sets
from voicetrail.teaching.examples import WORD_MAX
from voicetrail.teaching.session import Make, TeachingSession
from voicetrail.text import printable
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.host import host_of, look_of
from voicetrail.ui.teaching_pages import ready_page, result_page, room_page, training_page, words_page
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.word_form import WordForm

POLL_S = 0.1
KEYS = {
    "form": "enter: next, on an empty word begin   esc: close",
    "room": "esc: close",
    "words": "x: take away the last   r: word over   esc: close",
    "ready": "enter: train   x: take away the last   r: word over",
    "training": "esc: close (it is kept when it is done)",
    "done": "enter: play with it   esc: close",
    "failed": "enter: try again   esc: close",
}


class TeachScreen(SpokenDialog):
    """Lies over another screen and listens in; words move nothing meanwhile.

    Args:
        context: the session.
        make: makes the head; ``None`` takes the usual way.
        takes: how often each word is asked for.
        room_s: seconds of the room that are recorded.
    """

    DEFAULT_CSS = """
    TeachScreen { align: center middle; background: $background 60%; }
    TeachScreen > #frame {
        width: 90; max-width: 98%; height: 24; max-height: 100%;
        border: round $primary; padding: 0 1; background: $surface;
    }
    TeachScreen.-ascii > #frame { border: ascii $primary; }
    TeachScreen #head { height: 2; }
    TeachScreen #lines { height: 1fr; }
    """
    # Names are typed: by voice it can only be left.
    SPOKEN_KEYS: ClassVar[Mapping[Direction, str]] = {"left": "escape"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Close"),
        Binding("enter", "go_on", "Go on"),
        Binding("x", "drop", "Throw away"),
        Binding("r", "again", "Again"),
    ]

    def __init__(
        self, context: SessionContext, *, make: Make | None = None, takes: int | None = None, room_s: float | None = None
    ) -> None:
        super().__init__(context)
        self._make = make
        self._options = {key: value for key, value in (("takes", takes), ("room_s", room_s)) if value is not None}
        self.session: TeachingSession | None = None
        """What is being taught, once the words are named."""
        self._said = ""
        self._lost = ""
        """Why no sound comes at the moment."""
        self._replaces = ""
        """The set that the player was asked about: it is there already."""
        self._leaving = False
        """The question whether to leave was asked."""
        self._used = False

    def compose(self) -> ComposeResult:
        """The form first, then lines that change with the stage."""
        with Vertical(id="frame") as frame:
            frame.border_title = "teach words"
            yield Rows(id="head")
            yield WordForm(word_sets.NAME_MAX, WORD_MAX)
            yield Rows(id="lines")

    def on_mount(self) -> None:
        """Hold words back, and ask for the name."""
        self.set_class(look_of(self).ascii_only, "-ascii")
        if self.led_by_words:
            self.query_one("#frame").border_title = "teach words · the word left closes"
        host_of(self).updates.subscribe(self, self._take_updates)
        self.set_interval(POLL_S, self._look)
        self.query_one(WordForm).begin()
        self.call_after_refresh(self._show)

    def on_unmount(self) -> None:
        """Let words through again, and listen in no more."""
        if self.context.worker is not None:
            self.context.worker.sound_tap = None

    def on_resize(self) -> None:
        """The room changed."""
        self.call_after_refresh(self._show)

    @property
    def takes_words(self) -> bool:
        """Not while words are recorded, and not once something was typed: it would be lost."""
        typed = any(field.value for field in self.query(Input))
        return super().takes_words and (self.stage == "done" or (self.stage == "form" and not typed))

    @property
    def stage(self) -> str:
        """Where teaching stands."""
        return "form" if self.session is None else self.session.stage

    # What comes by itself

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        for item in updates:
            if isinstance(item, SourceLost):
                self._lost = item.message or "the sound is lost; it goes on when it comes again"
                if self.session is not None:
                    self.session.interrupt()
            elif isinstance(item, SourceEnded):
                self._lost = "the source is at its end: choose a microphone (d on the title)"
            elif isinstance(item, SourceBack):
                self._lost = ""
            elif isinstance(item, Problem):
                self._lost = item.message

    def _look(self) -> None:
        """Take up what was said, and show where it stands."""
        session = self.session
        if session is None:
            return
        before = session.stage, session.number, sum(session.examples.counts().values())
        session.poll()
        if before != (session.stage, session.number, sum(session.examples.counts().values())):
            self._said, self._leaving = "", False
        if session.stage == "done" and not self._used:
            self._use(session)
        self._show()

    def _use(self, session: TeachingSession) -> None:
        self._used = True
        settings, worker = self.context.settings, self.context.worker
        if worker is not None:
            worker.sound_tap = None
        try:
            if settings.values.weights == session.name and worker is not None:
                worker.reload()  # a set of the same name was taught again
            settings.set("weights", session.name)
        except SettingsError as error:
            self._said = str(error)

    # What the player does

    def on_word_form_done(self) -> None:
        """The words are named: begin."""
        form, worker = self.query_one(WordForm), self.context.worker
        if worker is None:
            self._say("there is no sound to learn from: play with a microphone")
            return
        try:
            if len(form.given) > len(form.meanings):
                raise TeachingError("a word stands there twice; write each once")
            session = TeachingSession(form.set_name, form.meanings, make=self._make, **self._options)  # type: ignore[arg-type]
        except VoicetrailError as error:
            self._say(str(error))
            return
        known = {info.name.casefold(): info.name for info in word_sets.list_sets()}
        if session.name.casefold() in known and self._replaces != session.name:
            self._replaces = session.name
            self._say(f"there is a set named {known[session.name.casefold()]}: enter again replaces it; or write another name")
            return
        self.session = session
        form.display = False
        self.set_focus(None)
        worker.sound_tap = session.tap
        self._say("")

    def action_go_on(self) -> None:
        """Train, try again, or leave with the new set in use."""
        session = self.session
        if session is None:
            self.on_word_form_done()
        elif session.stage in ("ready", "failed"):
            session.train()
        elif session.stage == "done":
            self.dismiss()
        self._show()

    def action_drop(self) -> None:
        """Throw the last take away."""
        if self.session is not None:
            self._say(self.session.drop_last())

    def action_again(self) -> None:
        """Do the word over."""
        if self.session is not None:
            self._say(self.session.repeat_word())

    def action_back(self) -> None:
        """Leave; takes that would be lost are asked about."""
        session = self.session
        takes = 0 if session is None else sum(session.examples.counts().values())
        if session is not None and session.stage in ("words", "ready", "failed") and takes and not self._leaving:
            self._leaving = True
            self._say("esc again leaves; what was said so far is lost")
        else:
            self.dismiss()

    # What is shown

    def _say(self, text: str) -> None:
        self._said = text
        self._show()

    def _show(self) -> None:
        lines = self.query_one("#lines", Rows)
        if not lines.size.width:
            return
        look = look_of(self)
        self.query_one("#frame").border_subtitle = KEYS[self.stage]
        head = self.query_one("#head", Rows)
        said = self._said or (self._lost if self.stage in ("room", "words") else "")
        if self.session is None:
            head.put(0, [("A name, then each word and what it does (tab, arrows).", look.text)])
            page = [[], *_wrapped(said, lines.size.width, look.warn)]
        else:
            names = [f"{word}" for word in self.session.words]
            head.put(0, [(printable(f"{self.session.name}: {', '.join(names)}", lines.size.width), look.dim)])
            page = [*_wrapped(said, lines.size.width, look.warn), *self._page(self.session, lines.size.width)]
        for y, runs in enumerate(page[: lines.size.height]):
            lines.put(y, runs)
        lines.truncate(min(len(page), lines.size.height))

    def _page(self, session: TeachingSession, width: int) -> list[list[Run]]:
        look, height = look_of(self), self.query_one("#lines").size.height
        match session.stage:
            case "room":
                return room_page(look, session)
            case "words":
                return words_page(look, session, width, height)
            case "ready":
                return ready_page(look, session, width)
            case "training":
                return training_page(look, session)
            case "done" if session.result is not None:
                return result_page(look, session.result, width)
            case _:
                return _wrapped(session.problem, width, look.warn)


def _wrapped(text: str, width: int, style: Style) -> list[list[Run]]:
    return [[(line, style)] for line in textwrap.wrap(printable(text, 600), max(20, width - 1))]
