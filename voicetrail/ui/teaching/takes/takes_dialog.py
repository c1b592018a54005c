"""The keys that act on takes: hear one, throw it away, do it over, ask for more, take some from files and replays."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from voicetrail.play.context import SessionContext
from voicetrail.teaching.session import TeachingSession
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.teaching.pages import SelectedTake
from voicetrail.ui.teaching.takes.files_screen import TakeFilesScreen
from voicetrail.ui.teaching.takes.player import TakePlayer
from voicetrail.ui.teaching.takes.replays_screen import TakeReplaysScreen


class TakesDialog(SpokenDialog):
    """The part of the teaching screen that changes takes.

    Args:
        context: the session of the game.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up"),
        Binding("down", "move(1, 0)", "Down"),
        Binding("left", "move(0, -1)", "Left"),
        Binding("right", "move(0, 1)", "Right"),
        Binding("p,space", "hear", "Hear"),
        Binding("x,delete", "throw_away", "Throw away"),
        Binding("o", "say_again", "Do over"),
        Binding("r", "word_over", "Word over"),
        Binding("a", "more", "More takes"),
        Binding("c", "content", "Enough"),
        Binding("f", "files", "From files"),
        Binding("v", "replays", "From replays"),
    ]

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context)
        self.session: TeachingSession | None = None
        """What is being taught, once the words are named."""
        self.mark = SelectedTake()
        """The take that keys act on."""
        self._player = TakePlayer()

    @property
    def stage(self) -> str:
        """Where teaching stands."""
        raise NotImplementedError

    def _look(self) -> None:
        """Take up what was said, and show where it stands."""
        raise NotImplementedError

    def _show(self) -> None:
        """Show where it stands."""
        raise NotImplementedError

    def _say(self, text: str) -> None:
        """Show a line."""
        raise NotImplementedError

    def action_move(self, rows: int, columns: int) -> None:
        """Another take."""
        session = self.session
        if session is None or session.stage not in ("words", "ready"):
            return
        if session.stage == "words":
            rows, columns = 0, rows + columns
        word = self.mark.word
        if rows:
            word = min(max(word + rows, -1), len(session.words) - 1)
            self.mark = SelectedTake(word, 0)
        elif (marked := self.mark.of(session)) is not None:
            last = len(session.examples.takes[marked[0]]) - 1
            self.mark = SelectedTake(word, min(max(marked[1] + columns, 0), last))
        self._show()

    def _marked(self) -> tuple[str, int] | None:
        if self.session is None or self.stage not in ("words", "ready"):
            return None
        if (marked := self.mark.of(self.session)) is None:
            self._say("there is no take yet" if self.stage == "words" else "go to a take first: up, down, left, right")
        return marked

    def action_hear(self) -> None:
        """Hear the take at the mark."""
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
        """Throw the take at the mark away."""
        if self.session is not None and (marked := self._marked()) is not None:
            self._after(self.session.throw_away(*marked))

    def action_say_again(self) -> None:
        """Do the take at the mark over."""
        if self.session is not None and (marked := self._marked()) is not None:
            self._after(self.session.say_again(*marked))

    def action_word_over(self) -> None:
        """Do the word over."""
        if self.session is not None and self.stage in ("words", "ready"):
            self._after(self.session.repeat_word(self._word))

    def action_more(self) -> None:
        """More takes of the word at the mark."""
        if self.session is not None and self.stage in ("words", "ready"):
            self._after(self.session.ask_for_more(self._word))

    def action_content(self) -> None:
        """There are enough takes of this word."""
        if self.session is not None:
            self._after(self.session.go_on())

    @property
    def _word(self) -> str:
        """The word that is asked for, or that is at the mark."""
        assert self.session is not None
        at_mark = self.stage == "ready" and self.mark.word >= 0
        return self.session.words[self.mark.word] if at_mark else self.session.word

    def _after(self, line: str) -> None:
        """The takes changed: the mark stays at its place as far as there is one."""
        self._look()
        self._say(line)

    def action_files(self) -> None:
        """Ask for a file or a folder with takes of the word."""
        if self.session is not None and self.stage in ("words", "ready"):
            self.session.held = True
            self.app.push_screen(TakeFilesScreen(self.context, self.session, self._word), self._back_from)

    def action_replays(self) -> None:
        """Look for takes in replays."""
        if self.session is not None and self.stage in ("words", "ready"):
            self.session.held = True
            self.app.push_screen(TakeReplaysScreen(self.context, self.session, self._word), self._back_from)

    def _back_from(self, _: None) -> None:
        if self.session is not None:
            self.session.held = False
        self._look()
