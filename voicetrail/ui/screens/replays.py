"""The list of recorded rounds: play, rename, delete."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from voicetrail.errors import VoicetrailError
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.replay import library
from voicetrail.replay.file.reader import read
from voicetrail.replay.library import ReplaySummary
from voicetrail.text import printable
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.screens.replay import ReplayScreen

HINT = "right plays · left goes back · r renames · d deletes"


class ReplaysScreen(SpokenDialog):
    """The list of replays. Up and down choose, right plays, left goes back, by words and by keys.

    Args:
        context: the session.
        folder: folder of the replays; ``None`` takes the platform's data folder.
    """

    DEFAULT_CSS = """
    #replays { width: 96; max-width: 98%; height: 90%; border: round $primary; padding: 0 1; background: $surface; }
    ReplaysScreen.-ascii #replays { border: ascii $primary; }
    #replays OptionList { height: 1fr; border: none; background: $surface; }
    #replays Static { height: auto; }
    #replays Input { height: 1; border: none; display: none; }
    #replays.-asking Input { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,left", "back", "Close"),
        Binding("right", "play", "Play"),
        Binding("r", "rename", "Rename"),
        Binding("d,delete", "delete", "Delete"),
        Binding("y", "yes", "Yes"),
        Binding("n", "no", "No"),
    ]

    def __init__(self, context: SessionContext, folder: Path | None = None) -> None:
        super().__init__(context)
        self._folder = folder
        self._found: list[ReplaySummary] = []
        self._to_delete: ReplaySummary | None = None
        """The replay to delete after the player confirms."""

    def compose(self) -> ComposeResult:
        """A heading, the list, and a line for new names and questions."""
        with Vertical(id="replays") as frame:
            frame.border_title = "replays"
            frame.border_subtitle = HINT
            yield Static(_row("when", "length", "words", "mode", "size", "name"), id="heading", markup=False)
            yield OptionList(id="list", markup=False)
            yield Static(id="note", markup=False)
            yield Input(id="name", placeholder="new name")

    def on_mount(self) -> None:
        """Fill the list."""
        self._look()
        self.query_one(OptionList).focus()

    @property
    def accepts_words(self) -> bool:
        """Whether words press keys: in the list, and in the player that it opened."""
        return self.is_active or isinstance(self.app.screen, ReplayScreen)

    def key_of(self, direction: Direction) -> str | None:
        """Return the key of a word; in the player *right* pauses and continues, and *left* goes back to the list."""
        if self.is_active:
            return super().key_of(direction)
        return {"right": "space", "left": "escape"}.get(direction)

    def on_screen_resume(self) -> None:
        """Start a grace period: words that were said to the player are not meant for the list."""
        self.grace.begin()

    def _look(self, chosen: int = 0) -> None:
        """List the folder again."""
        options = self.query_one(OptionList)
        options.clear_options()
        try:
            self._found = library.list_replays(self._folder)
        except VoicetrailError as error:
            self._found = []
            self._say(str(error))
        for one in self._found:
            options.add_option(Option(_line(one)))
        if self._found:
            options.highlighted = min(chosen, len(self._found) - 1)
        else:
            self._say("there are no replays yet; press r in a round to record it")

    def _say(self, text: str) -> None:
        self.query_one("#note", Static).update(Text(printable(text, 300)))

    @property
    def _chosen(self) -> ReplaySummary | None:
        number = self.query_one(OptionList).highlighted
        return self._found[number] if number is not None and number < len(self._found) else None

    def action_play(self) -> None:
        """Play the selected replay, as enter does."""
        self.query_one(OptionList).action_select()

    def on_option_list_option_selected(self, _: OptionList.OptionSelected) -> None:
        """Play the selected replay."""
        chosen = self._chosen
        if chosen is None:
            return
        try:
            self.app.push_screen(ReplayScreen(read(chosen.path)))
        except VoicetrailError as error:
            self._say(str(error))

    def action_rename(self) -> None:
        """Ask for a new name."""
        chosen = self._chosen
        if chosen is not None:
            self.query_one("#replays").add_class("-asking")
            field = self.query_one(Input)
            field.value = chosen.path.stem
            field.focus()
            self._say(f"new name for {printable(chosen.path.name)}: enter renames it, esc cancels")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Rename the replay."""
        chosen = self._chosen
        if chosen is None:
            return
        try:
            renamed = library.rename(chosen.path, message.value)
        except VoicetrailError as error:
            self._say(str(error))
            return
        self._stop_asking()
        number = self.query_one(OptionList).highlighted or 0
        self._look(number)
        self._say(f"renamed to {printable(renamed.name)}")

    def action_delete(self) -> None:
        """Ask whether to delete."""
        self._to_delete = self._chosen
        if self._to_delete is not None:
            both = " and its sound file" if self._to_delete.sound else ""
            self._say(f"delete {printable(self._to_delete.path.name)}{both} permanently? y or n")

    def action_yes(self) -> None:
        """Delete the replay."""
        chosen, self._to_delete = self._to_delete, None
        if chosen is None:
            return
        number = self.query_one(OptionList).highlighted or 0
        try:
            library.delete(chosen.path)
        except VoicetrailError as error:
            self._say(str(error))
            return
        self._look(number)
        self._say(f"{printable(chosen.path.name)} is deleted")

    def action_no(self) -> None:
        """Do not delete the replay."""
        if self._to_delete is not None:
            self._to_delete = None
            self._say("nothing was deleted")

    def action_back(self) -> None:
        """Cancel the question, or leave the screen."""
        if self.query_one("#replays").has_class("-asking"):
            self._stop_asking()
            self._say("the name is unchanged")
        elif self._to_delete is not None:
            self.action_no()
        else:
            self.dismiss()

    def _stop_asking(self) -> None:
        self.query_one("#replays").remove_class("-asking")
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Cancel a question about another replay, and show the problem of this one, if any."""
        self._to_delete = None
        chosen = self._chosen
        self._say(chosen.problem if chosen is not None else "")


def _line(one: ReplaySummary) -> Text:
    size = library.size_text(one.size) + (" +sound" if one.sound else "")
    name = " – ".join(part for part in (printable(one.path.name), printable(one.title, 40)) if part)
    text = _row(one.when, one.length, one.word_count, one.mode, size, name)
    return Text(text, style="" if one.playable else "dim", no_wrap=True, overflow="ellipsis")


def _row(when: str, length: str, words: str, mode: str, size: str, name: str) -> str:
    return f"{when:<16}  {length:>7}  {words:>5}  {mode:<10}  {size:<14}  {name}"
