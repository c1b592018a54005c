"""Teaching a word set: name the words, record takes, train, read the evaluation, try the words, and play with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.events import SourceBack, SourceEnded, SourceLost, WordHeard
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Problem, Update
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting import drafts
from voicetrail.teaching.collecting.background import Judge
from voicetrail.teaching.examples import WORD_MAX
from voicetrail.teaching.recorder import SOUND_LOST
from voicetrail.teaching.session import Make, TeachingSession
from voicetrail.ui.app_protocol import game_app_of, look_of
from voicetrail.ui.base.menu_screen import MenuScreen
from voicetrail.ui.messages import SetsChanged
from voicetrail.ui.teaching import texts
from voicetrail.ui.teaching.begin import open_session
from voicetrail.ui.teaching.ends import finish_behind, use
from voicetrail.ui.teaching.page_rows import fill, fitted, key_rows, said_rows
from voicetrail.ui.teaching.pages import SelectedTake, session_page
from voicetrail.ui.teaching.takes.takes_dialog import TakesDialog
from voicetrail.ui.teaching.trial import Trial
from voicetrail.ui.teaching.word_form import WordForm
from voicetrail.ui.widgets.rows import Rows

POLL_S = 0.1
QUIET_S = 12.0
"""Seconds without a word after which the player who tries a set is asked by voice what to do."""
PROPOSED_NAME = "my words"
PROPOSED = {"to the left": "left", "to the right": "right", "go up": "up", "go down": "down"}
"""Words that are proposed to who leads the form by voice."""


class TeachScreen(TakesDialog):
    """Lies over another screen and listens in; words move nothing meanwhile.

    Args:
        context: the session.
        begin: ``draft:NAME`` continues with the takes of a draft, ``set:NAME`` with those of a set, ``personal`` teaches the
            shipped words in the player's voice; empty shows the form for a new set.
        make: trains the head; ``None`` uses the standard function.
        judge: compares takes; ``None`` uses the standard function.
        takes: number of takes for each word.
        room_s: length of the recording of the room, in s.
    """

    DEFAULT_CSS = """
    TeachScreen > #frame { width: 90; max-width: 100%; height: 24; max-height: 100%; }
    TeachScreen #head { height: 1; }
    TeachScreen #lines { height: 1fr; }
    TeachScreen #keys { height: 3; }
    """
    AUTO_FOCUS = ""
    SPOKEN_KEYS: ClassVar[Mapping[Direction, str]] = {"up": "up", "down": "down", "left": "left", "right": "right"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Close"),
        Binding("enter", "go_on", "Go on"),
        Binding("b", "review", "Back to the takes"),
        Binding("f2", "propose", "Propose words"),
        Binding("question_mark,f1", "help", "Help"),
    ]

    def __init__(
        self,
        context: SessionContext,
        begin: str = "",
        *,
        make: Make | None = None,
        judge: Judge | None = None,
        takes: int | None = None,
        room_s: float | None = None,
    ) -> None:
        super().__init__(context)
        self._begin_with = begin
        self._makers = {key: value for key, value in (("make", make), ("judge", judge)) if value is not None}
        self._options = {key: value for key, value in (("takes", takes), ("room_s", room_s)) if value is not None}
        self.trial = Trial()
        self._said = ""
        self._lost = ""
        """Why there is no sound at the moment; empty if there is."""
        self._replaces = ""
        """The set that the player was asked about: it is there already."""
        self._broken = False
        """What it should have begun with cannot be used."""
        self._leaving = False
        """The player was asked whether to leave what was typed, or takes that cannot be saved."""
        self._proposed = False
        """The words in the form were proposed to who leads it by voice."""
        self._last_word = 0.0
        """When a word was last tried, by the clock of the session."""
        self._used = False
        self._stage = ""

    def compose(self) -> ComposeResult:
        """The form, and the lines of the current stage."""
        with Vertical(id="frame") as frame:
            frame.border_title = "teach words"
            yield Rows(id="head")
            yield WordForm(word_sets.NAME_MAX, WORD_MAX)
            yield Rows(id="lines")
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Stop words from reaching the game, and begin as requested."""
        game_app_of(self).updates.subscribe(self, self._take_updates)
        self.set_interval(POLL_S, self._look)
        try:
            session = open_session(self.app, self._begin_with, self._makers, self._options)
        except VoicetrailError as error:
            self._said = str(error)
            self._broken = True
            session = None
        if self._broken:
            self.query_one(WordForm).display = False
            self.set_focus(None)
            self.call_after_refresh(self._show)
        elif session is None:
            self.query_one(WordForm).begin()
            self.call_after_refresh(self._show)
        else:
            self._start(session)

    def _start(self, session: TeachingSession) -> None:
        self.session = session
        self.query_one(WordForm).display = False
        self.set_focus(None)
        self._follow_stage(session)
        if self.context.worker is not None:
            self.context.worker.sound_tap = session.tap
            self.context.worker.on_gap = session.interrupt
        self.call_after_refresh(self._say, "" if self.context.worker is not None else texts.NO_SOUND)

    def on_unmount(self) -> None:
        """Let words reach the game again, and stop listening in. Takes are saved, and training continues."""
        if self.context.worker is not None:
            self.context.worker.sound_tap = self.context.worker.on_gap = None
        self._stop_playing()
        if (session := self.session) is None:
            return
        if session.stage == "training":
            finish_behind(self.app, self.context, session)
        else:
            session.close()
            # The list below was resumed before the last take was saved.
            self.app.post_message(SetsChanged())

    def on_resize(self) -> None:
        """Fit the new size."""
        self.call_after_refresh(self._show)

    @property
    def accepts_words(self) -> bool:
        """Not while words are recorded or tried, and not once something was typed: it would be lost."""
        typed = not self._proposed and any(field.value for field in self.query(Input))
        leads = self.stage in ("ready", "failed", "broken", "not kept") or (self.stage == "form" and not typed)
        return super().accepts_words and (leads or self._offers)

    @property
    def _offers(self) -> bool:
        """Nobody has tried a word for a while: words say what is to be done next."""
        return self.stage == "done" and self.context.clock() - self._last_word >= QUIET_S

    def key_of(self, direction: Direction) -> str | None:
        """On the row that trains *right* trains, and *left* leaves; in the form *right* proposes words."""
        stage = self.stage
        if stage == "done":
            return {"right": "enter", "left": "b"}.get(direction)
        if stage == "form":
            return {"right": "f2", "left": "escape"}.get(direction)
        at_rest = stage != "ready" or self.mark.word < 0
        if direction == "left" and at_rest:
            return "escape"
        if direction == "right" and at_rest:
            return "enter"
        return super().key_of(direction)

    @property
    def stage(self) -> str:
        """Where teaching stands."""
        if self.session is None:
            return "broken" if self._broken else "form"
        result = self.session.result
        if self.session.stage == "done" and result is not None and not result.saved:
            return "not kept"
        return self.session.stage

    # Updates and timers

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        for item in updates:
            if isinstance(item, SourceLost):
                self._lost = item.message or "there is no sound; recording continues when it returns"
            elif isinstance(item, SourceEnded):
                self._lost = (
                    "the sound source has ended; choose a microphone (d on the title), or press f to load takes from files"
                )
            elif isinstance(item, SourceBack):
                self._lost = ""
            elif isinstance(item, Problem):
                self._lost = item.message
            elif self.stage == "done":
                if isinstance(item, WordHeard):
                    self._last_word = self.context.clock()
                self.trial.take(item, self.context.labels, self.context.clock())

    def _look(self) -> None:
        """Process the recorded sound, and show the current state."""
        session = self.session
        if session is None:
            return
        if self._player.poll():
            session.held = False
        before, interrupted = (session.stage, session.number, session.count), session.interrupted
        session.poll()
        if session.interrupted != interrupted:
            self._said = SOUND_LOST
        if before != (session.stage, session.number, session.count):
            self._leaving = False
            # The last take of a word is not seen: the next word stands there at once.
            done = before[0] == "words" and session.stage == "words" and before[1] != session.number
            self._said = f"{session.words[before[1] - 1]} has its takes: now say {session.word}" if done else ""
        self._follow_stage(session)
        if session.stage == "words" and self.mark.word != session.number - 1:
            self.mark = SelectedTake(session.number - 1)
        if session.stage == "done" and not self._used and session.result is not None and session.result.saved:
            self._used = True
            self._last_word = self.context.clock()
            self.trial = Trial()
            self._said = use(self.context, session)
        self.trial.pass_time(self.context.clock())
        self._show()

    def _follow_stage(self, session: TeachingSession) -> None:
        """Put the mark where a new stage begins: at once, so that no key of the player comes before."""
        if session.stage != self._stage:
            self._stage = session.stage
            self.mark = SelectedTake(-1 if session.stage == "ready" else session.number - 1)
            # The last requested word is not an answer to the new page.
            self.grace.begin()

    # Actions of the player

    def on_word_form_done(self) -> None:
        """Begin with the words of the form."""
        form = self.query_one(WordForm)
        try:
            if len(form.given) > len(form.meanings):
                raise TeachingError("a word is listed twice; write each word once")
            session = TeachingSession(form.set_name, form.meanings, **self._makers, **self._options)  # type: ignore[arg-type]
        except VoicetrailError as error:
            self._say(str(error))
            return
        known = {info.name.casefold(): f"a set named {info.name}" for info in word_sets.list_sets()}
        known |= {draft.name.casefold(): f"takes of {draft.name} that are not finished" for draft in drafts.list_drafts()}
        there = known.get(session.name.casefold())
        if there is not None and self._replaces != session.name:
            session.close()
            self._replaces = session.name
            self._say(f"there is {there} already: enter again replaces it; or write another name")
            return
        self._start(session)

    def action_propose(self) -> None:
        """*Right*, said over the form: propose words, then begin."""
        if self.stage != "form":
            return
        if self._proposed:
            self.on_word_form_done()
            return
        names = {info.name for info in word_sets.list_sets()} | {draft.name for draft in drafts.list_drafts()}
        name = PROPOSED_NAME if PROPOSED_NAME not in names else word_sets.free_name(PROPOSED_NAME, names)
        self.query_one(WordForm).propose(name, PROPOSED)
        self._proposed = True
        self.grace.begin()
        self._show()

    def on_input_changed(self) -> None:
        """Somebody types, and stays."""
        self._leaving = False

    def action_go_on(self) -> None:
        """Train, train again after a failure, or close the screen and play with the new set."""
        session = self.session
        if session is None:
            self.on_word_form_done()
        elif session.stage in ("ready", "failed"):
            self._stop_playing()
            session.train()
            self._used = False
        elif session.stage == "done":
            played = self.stage == "done"
            below = self.app.screen_stack[-2]
            self.dismiss()
            if played and isinstance(below, MenuScreen):
                below.go_back()  # to where rounds are started
            return
        self._show()

    def action_review(self) -> None:
        """Go back to the takes."""
        if self.session is not None:
            self.session.review()
            self._look()

    def action_back(self) -> None:
        """Leave: takes are kept, and training goes on."""
        typed = self.stage == "form" and not self._proposed and any(field.value for field in self.query(Input))
        if self._leaving:
            self.dismiss()
        elif typed:
            self._leaving = True
            self._say(texts.LEAVE_FORM)
        elif unsaved := self._unsaved():
            self._leaving = True
            self._say(f"{unsaved}; {texts.LEAVE_TAKES}")
        else:
            self.dismiss()

    def _unsaved(self) -> str:
        """Why takes would be lost if the player left now; empty if none would."""
        session = self.session
        if session is None or session.stage == "training" or not session.unsaved:
            return ""
        session.settle()  # there may be room now
        return session.unsaved

    def action_help(self) -> None:
        """Open the help; what is said meanwhile is no take."""
        if self.session is not None:
            self.session.held = True
        game_app_of(self).open_help(texts.HELP, ())

    def on_screen_resume(self) -> None:
        """What lay over the screen is gone: what is said may be a take again."""
        if self.session is not None and not self._player.playing:
            self.session.held = False

    # Display

    def _say(self, text: str) -> None:
        self._said = text
        self._show()

    def _show(self) -> None:
        lines, keys = self.query_one("#lines", Rows), self.query_one("#keys", Rows)
        if not lines.size.width or not self.is_mounted:
            return
        look, width = look_of(self), lines.size.width
        shown = key_rows(look, texts.KEYS[self.stage], width)
        keys.styles.height = len(shown)
        fill(keys, shown)
        head = self.query_one("#head", Rows)
        session = self.session
        said = self._said or ("" if session is None else session.unsaved)
        said = said or (self._lost if self.stage in ("room", "words") else texts.OFFER if self._offers else "")
        if session is None:
            head.put(0, [("" if self._broken else texts.HEAD, look.text)])
            spoken = texts.PROPOSED if self._proposed else texts.SPOKEN if self.accepts_words else ""
            page = [[], *said_rows(said, width, look.warn), *said_rows("" if self._broken else spoken, width, look.dim)]
        else:
            head.put(0, [(fitted(f"{session.name}: {', '.join(session.words)}", width).rstrip(), look.dim)])
            page = said_rows(said, width, look.warn)
            page += session_page(look, session, self.mark, self.trial, (width, lines.size.height - len(page)))
        fill(lines, page[: lines.size.height])
