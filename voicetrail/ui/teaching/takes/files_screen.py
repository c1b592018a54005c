"""The screen for takes from a sound file or a folder."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import VoicetrailError
from voicetrail.play.context import SessionContext
from voicetrail.teaching.collecting.gathering import Gathered, takes_of
from voicetrail.teaching.session import TeachingSession
from voicetrail.text import counted, printable, typed_path
from voicetrail.ui.app_protocol import look_of
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.teaching.page_rows import fill, said_rows
from voicetrail.ui.widgets.rows import Rows

PATH_MAX = 1000
ABOUT = "Type the path of a sound file or of a folder. A recording with several takes is split at the pauses."


class TakeFilesScreen(SpokenDialog):
    """Asks for a path, and adds the takes found there to a word.

    Args:
        context: the session.
        teaching: the teaching session that gets the takes.
        word: the word of the takes.
    """

    DEFAULT_CSS = """
    TakeFilesScreen > #frame { width: 76; max-width: 94%; height: auto; }
    TakeFilesScreen Input { height: 1; border: none; padding: 0; background: $boost; }
    TakeFilesScreen Input:focus { border: none; }
    TakeFilesScreen #about { height: 3; }
    TakeFilesScreen #said { height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Close")]

    def __init__(self, context: SessionContext, teaching: TeachingSession, word: str) -> None:
        super().__init__(context)
        self._teaching = teaching
        self._word = word
        self._stopped = threading.Event()
        self._reading = False

    def compose(self) -> ComposeResult:
        """The explanation, the field for the path, and the result."""
        with Vertical(id="frame") as frame:
            frame.border_title = printable(f"takes of {self._word} from files")
            frame.border_subtitle = "enter: look for takes   esc: close"
            yield Rows(id="about")
            yield Input(id="path", max_length=PATH_MAX, placeholder="path of a file or folder", select_on_focus=False)
            yield Rows(id="said")

    def on_mount(self) -> None:
        """Focus the field."""
        self.query_one(Input).focus()
        self.call_after_refresh(self._show_about)

    def on_unmount(self) -> None:
        """Stop reading."""
        self._stopped.set()

    def _show_about(self) -> None:
        about = self.query_one("#about", Rows)
        fill(about, said_rows(ABOUT, about.size.width or 60, look_of(self).dim))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Read the takes in a thread, because a recording may be long."""
        message.stop()
        text = message.value.strip()
        if not text or self._reading:
            return
        self._reading = True
        self._say("looking for takes")
        path = typed_path(text)
        self.run_worker(lambda: self._read(path), thread=True, name="takes", exclusive=True)

    def _read(self, path: Path) -> None:
        try:
            found: Gathered | VoicetrailError = takes_of(path, stop=self._stopped.is_set)
        except VoicetrailError as error:
            found = error
        if not self._stopped.is_set():
            self.app.call_from_thread(self._take, found)

    def _take(self, found: Gathered | VoicetrailError) -> None:
        self._reading = False
        if isinstance(found, VoicetrailError):
            self._say(str(found))
            return
        added = self._teaching.add_takes(self._word, found.takes)
        parts = [f"{counted(added, 'take')} of {self._word}"]
        if found.files > 1:
            parts.append(f"from {found.files} files")
        if found.left_out:
            parts.append(f"{found.left_out} were empty or longer than a word")
        if found.unreadable:
            parts.append(f"{counted(len(found.unreadable), 'file')} could not be read")
        if added < len(found.takes):
            parts.append(f"there was no room for {len(found.takes) - added}")
        self._say("; ".join(parts) + ". Type another path, or press esc to close.")
        self.query_one(Input).value = ""

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Rows)
        fill(said, said_rows(text, said.size.width or 60, look_of(self).warn)[:3])

    def action_back(self) -> None:
        """Close."""
        self.dismiss()
