"""Teaching a word set: name the words, record takes, train, read the evaluation, try the words, and play with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.events import SourceBack, SourceEnded, SourceLost
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Problem, Update
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting.background import Judge
from voicetrail.teaching.examples import WORD_MAX
from voicetrail.teaching.session import Make, TeachingSession
from voicetrail.ui.app_protocol import game_app_of, look_of
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.teaching.begin import open_session
from voicetrail.ui.teaching.ends import finish_behind, use
from voicetrail.ui.teaching.files_screen import TakeFilesScreen
from voicetrail.ui.teaching.pages import Mark, fill, key_rows, said_rows, session_page
from voicetrail.ui.teaching.player import TakePlayer
from voicetrail.ui.teaching.replays_screen import TakeReplaysScreen
from voicetrail.ui.teaching.trial import Trial
from voicetrail.ui.teaching.word_form import WordForm
from voicetrail.ui.widgets.rows import Rows

POLL_S = 0.1
KEYS = {
    "form": "enter: next field (on an empty word: begin)   esc: close",
    "room": "esc: close",
    "words": "up down: select a take   p: play it   x: delete it   r: restart the word   c: enough takes   f: from files   "
    "v: from replays   esc: close",
    "ready": "arrow keys: select a take   p: play it   x: delete it   o: record it again   a: more takes   f: from files   "
    "v: from replays   enter: train   esc: close",
    "training": "esc: close",
    "done": "enter: play   b: back to the takes   esc: close",
    "failed": "enter: try again   b: back to the takes   esc: close",
}
NO_SOUND = "there is no microphone to record from; start the game with one, or press f to load takes from files"


class TeachScreen(SpokenDialog):
    """Listens in over another screen; meanwhile words move nothing.

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
        Binding("enter", "go_on", "Continue"),
        Binding("up", "move(-1, 0)", "Up"),
        Binding("down", "move(1, 0)", "Down"),
        Binding("left", "move(0, -1)", "Left"),
        Binding("right", "move(0, 1)", "Right"),
        Binding("p,space", "hear", "Play"),
        Binding("x,delete", "throw_away", "Delete"),
        Binding("o", "say_again", "Record again"),
        Binding("r", "word_over", "Restart the word"),
        Binding("a", "more", "More takes"),
        Binding("c", "content", "Enough"),
        Binding("f", "files", "From files"),
        Binding("v", "replays", "From replays"),
        Binding("b", "review", "Back to the takes"),
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
        self.session: TeachingSession | None = None
        """The teaching session, once the words are named."""
        self.mark = Mark()
        """The selected take, which keys act on."""
        self.trial = Trial()
        self._said = ""
        self._lost = ""
        """Why there is no sound at the moment; empty if there is."""
        self._replaces = ""
        """Name of the existing set that the player was asked about replacing."""
        self._used = False
        self._player = TakePlayer()
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
            session = open_session(self._begin_with, self._makers, self._options)
        except VoicetrailError as error:
            self._said = str(error)
            session = None
        if session is None:
            self.query_one(WordForm).begin()
            self.call_after_refresh(self._show)
        else:
            self._start(session)

    def _start(self, session: TeachingSession) -> None:
        self.session = session
        self.query_one(WordForm).display = False
        self.set_focus(None)
        if self.context.worker is not None:
            self.context.worker.sound_tap = session.tap
        self.call_after_refresh(self._say, "" if self.context.worker is not None else NO_SOUND)

    def on_unmount(self) -> None:
        """Let words reach the game again, and stop listening in. Takes are saved, and training continues."""
        if self.context.worker is not None:
            self.context.worker.sound_tap = None
        self._stop_playing()
        if (session := self.session) is None:
            return
        if session.stage == "training":
            finish_behind(self.app, self.context, session)
        elif session.stage != "done" or session.result is None or not session.result.saved:
            session.settle()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.call_after_refresh(self._show)

    @property
    def accepts_words(self) -> bool:
        """Words press no keys while words are recorded or tried, and once something was typed, which would be lost."""
        typed = any(field.value for field in self.query(Input))
        return super().accepts_words and (self.stage in ("ready", "failed") or (self.stage == "form" and not typed))

    def key_of(self, direction: Direction) -> str | None:
        """Return the key of a word: on the row that trains, *right* trains; there and in an empty form, *left* closes."""
        at_rest = self.stage != "ready" or self.mark.word < 0
        if direction == "left" and at_rest:
            return "escape"
        if direction == "right" and at_rest:
            return None if self.stage == "form" else "enter"
        return super().key_of(direction)

    @property
    def stage(self) -> str:
        """The current stage of teaching."""
        return "form" if self.session is None else self.session.stage

    # Updates and timers

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        for item in updates:
            if isinstance(item, SourceLost):
                self._lost = item.message or "there is no sound; recording continues when it returns"
                if self.session is not None:
                    self.session.interrupt()
            elif isinstance(item, SourceEnded):
                self._lost = (
                    "the sound source has ended; choose a microphone (d on the title), or press f to load takes from files"
                )
            elif isinstance(item, SourceBack):
                self._lost = ""
            elif isinstance(item, Problem):
                self._lost = item.message
            elif self.stage == "done":
                self.trial.take(item, self.context.labels, self.context.clock())

    def _look(self) -> None:
        """Process the recorded sound, and show the current state."""
        session = self.session
        if session is None:
            return
        if self._player.poll():
            session.held = False
        before = session.stage, session.number, session.count
        session.poll()
        if before != (session.stage, session.number, session.count):
            self._said = ""
        if session.stage != self._stage:
            self._stage = session.stage
            self.mark = Mark(-1 if session.stage == "ready" else session.number - 1)
            # The last requested word is not an answer to the new page.
            self.grace.begin()
        if session.stage == "words" and self.mark.word != session.number - 1:
            self.mark = Mark(session.number - 1)
        if session.stage == "done" and not self._used and session.result is not None and session.result.saved:
            self._used = True
            self.trial = Trial()
            self._said = use(self.context, session)
        self.trial.pass_time(self.context.clock())
        self._show()

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
        known = {info.name.casefold(): info.name for info in word_sets.list_sets()}
        if session.name.casefold() in known and self._replaces != session.name:
            self._replaces = session.name
            self._say(f"a set named {known[session.name.casefold()]} exists: press enter again to replace it")
            return
        self._start(session)

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
            self.dismiss()
        self._show()

    def action_move(self, rows: int, columns: int) -> None:
        """Select another take."""
        session = self.session
        if session is None or session.stage not in ("words", "ready"):
            return
        if session.stage == "words":
            rows, columns = 0, rows + columns
        word = self.mark.word
        if rows:
            word = min(max(word + rows, -1), len(session.words) - 1)
            self.mark = Mark(word, 0)
        elif (marked := self.mark.of(session)) is not None:
            last = len(session.examples.takes[marked[0]]) - 1
            self.mark = Mark(word, min(max(marked[1] + columns, 0), last))
        self._show()

    def _marked(self) -> tuple[str, int] | None:
        if self.session is None or self.stage not in ("words", "ready"):
            return None
        if (marked := self.mark.of(self.session)) is None:
            self._say("there is no take yet" if self.stage == "words" else "select a take first, with the arrow keys")
        return marked

    def action_hear(self) -> None:
        """Play the selected take."""
        if (session := self.session) is None or (marked := self._marked()) is None:
            return
        word, number = marked
        problem = self._player.play(session.examples.takes[word][number])
        session.held = self._player.playing
        self._say(problem or f"take {number + 1} of {word}")

    def _stop_playing(self) -> None:
        self._player.stop()
        if self.session is not None:
            self.session.held = False

    def action_throw_away(self) -> None:
        """Delete the selected take."""
        if self.session is not None and (marked := self._marked()) is not None:
            self._after(self.session.throw_away(*marked))

    def action_say_again(self) -> None:
        """Record the selected take again."""
        if self.session is not None and (marked := self._marked()) is not None:
            self._after(self.session.say_again(*marked))

    def action_word_over(self) -> None:
        """Delete the takes of the word and record them again."""
        if self.session is not None and self.stage in ("words", "ready"):
            self._after(self.session.repeat_word(self._word))

    def action_more(self) -> None:
        """Record more takes of the selected word."""
        if self.session is not None and self.stage in ("words", "ready"):
            self._after(self.session.ask_for_more(self._word))

    def action_content(self) -> None:
        """Go to the next word: there are enough takes of this one."""
        if self.session is not None:
            self._after(self.session.go_on())

    @property
    def _word(self) -> str:
        """Return the requested word, or the selected one."""
        assert self.session is not None
        at_mark = self.stage == "ready" and self.mark.word >= 0
        return self.session.words[self.mark.word] if at_mark else self.session.word

    def _after(self, line: str) -> None:
        """Show a message after the takes changed; the selection stays in place if possible."""
        self._look()
        self._say(line)

    def action_review(self) -> None:
        """Go back to the takes."""
        if self.session is not None:
            self.session.review()
            self._look()

    def action_files(self) -> None:
        """Open the screen for takes from a file or folder."""
        if self.session is not None and self.stage in ("words", "ready"):
            self.session.held = True
            self.app.push_screen(TakeFilesScreen(self.context, self.session, self._word), self._back_from)

    def action_replays(self) -> None:
        """Open the screen for takes from replays."""
        if self.session is not None and self.stage in ("words", "ready"):
            self.session.held = True
            self.app.push_screen(TakeReplaysScreen(self.context, self.session, self._word), self._back_from)

    def _back_from(self, _: None) -> None:
        if self.session is not None:
            self.session.held = False
        self._look()

    def action_back(self) -> None:
        """Close the screen. Takes are saved, and training continues."""
        self.dismiss()

    # Display

    def _say(self, text: str) -> None:
        self._said = text
        self._show()

    def _show(self) -> None:
        lines, keys = self.query_one("#lines", Rows), self.query_one("#keys", Rows)
        if not lines.size.width or not self.is_mounted:
            return
        look, width = look_of(self), lines.size.width
        shown = key_rows(look, KEYS[self.stage], width)
        keys.styles.height = len(shown)
        fill(keys, shown)
        head = self.query_one("#head", Rows)
        session = self.session
        said = self._said or (self._lost if self.stage in ("room", "words") else "")
        if session is None:
            head.put(0, [("Name the set, type each word, and choose what it does.", look.text)])
            page = [[], *said_rows(said, width, look.warn)]
        else:
            head.put(0, [(f"{session.name}: {', '.join(session.words)}"[:width], look.dim)])
            page = said_rows(said or session.unsaved, width, look.warn)
            page += session_page(look, session, self.mark, self.trial, (width, lines.size.height - len(page)))
        fill(lines, page[: lines.size.height])
