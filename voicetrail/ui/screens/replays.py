"""The recorded rounds: pick one to play, rename or delete it."""

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
from voicetrail.replay import library as store
from voicetrail.replay.file.reader import read
from voicetrail.replay.library import ReplaySummary
from voicetrail.text import printable
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.screens.replay import ReplayScreen

HINT = "right plays · left goes back · r renames · d deletes"


class ReplaysScreen(SpokenDialog):
    """The list: up and down choose, right plays, left goes back, by words and by keys.

    Args:
        context: the session.
        folder: where the replays are; the platform's own folder without it.
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
        """What is deleted once the player says yes."""

    def compose(self) -> ComposeResult:
        """A heading, the list, and a line for names and questions."""
        with Vertical(id="replays") as frame:
            frame.border_title = "replays"
            frame.border_subtitle = HINT
            yield Static(_row("when", "length", "words", "mode", "size", "name"), id="heading", markup=False)
            yield OptionList(id="list", markup=False)
            yield Static(id="note", markup=False)
            yield Input(id="name", placeholder="new name")

    def on_mount(self) -> None:
        """Look what is there."""
        self._look()
        self.query_one(OptionList).focus()

    @property
    def takes_words(self) -> bool:
        """The list takes words, and so does the player that it has opened."""
        return self.is_active or isinstance(self.app.screen, ReplayScreen)

    def key_of(self, direction: Direction) -> str | None:
        """In the player *right* stops and goes on, and *left* goes back to the list."""
        if self.is_active:
            return super().key_of(direction)
        return {"right": "space", "left": "escape"}.get(direction)

    def on_screen_resume(self) -> None:
        """Back from the player: words that were said to it are not for the list."""
        self.grace.begin()

    def _look(self, chosen: int = 0) -> None:
        """List the folder again."""
        options = self.query_one(OptionList)
        options.clear_options()
        try:
            self._found = store.list_replays(self._folder)
        except VoicetrailError as error:
            self._found = []
            self._say(str(error))
        for one in self._found:
            options.add_option(Option(_line(one)))
        if self._found:
            options.highlighted = min(chosen, len(self._found) - 1)
        else:
            self._say("nothing is recorded yet: r in a round records it")

    def _say(self, text: str) -> None:
        self.query_one("#note", Static).update(Text(printable(text, 300)))

    @property
    def _chosen(self) -> ReplaySummary | None:
        number = self.query_one(OptionList).highlighted
        return self._found[number] if number is not None and number < len(self._found) else None

    def action_play(self) -> None:
        """Right: as enter does."""
        self.query_one(OptionList).action_select()

    def on_option_list_option_selected(self, _: OptionList.OptionSelected) -> None:
        """Enter: play."""
        chosen = self._chosen
        if chosen is None:
            return
        try:
            self.app.push_screen(ReplayScreen(read(chosen.path)))
        except VoicetrailError as error:
            self._say(str(error))

    def action_rename(self) -> None:
        """Ask for another name."""
        chosen = self._chosen
        if chosen is not None:
            self.query_one("#replays").add_class("-asking")
            field = self.query_one(Input)
            field.value = chosen.path.stem
            field.focus()
            self._say(f"another name for {printable(chosen.path.name)}: enter takes it, esc leaves it")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """The name is there."""
        chosen = self._chosen
        if chosen is None:
            return
        try:
            renamed = store.rename(chosen.path, message.value)
        except VoicetrailError as error:
            self._say(str(error))
            return
        self._stop_asking()
        number = self.query_one(OptionList).highlighted or 0
        self._look(number)
        self._say(f"it is {printable(renamed.name)} now")

    def action_delete(self) -> None:
        """Ask whether to delete."""
        self._to_delete = self._chosen
        if self._to_delete is not None:
            both = " and its sound" if self._to_delete.sound else ""
            self._say(f"delete {printable(self._to_delete.path.name)}{both} for good? y or n")

    def action_yes(self) -> None:
        """Delete what was asked about."""
        chosen, self._to_delete = self._to_delete, None
        if chosen is None:
            return
        number = self.query_one(OptionList).highlighted or 0
        try:
            store.delete(chosen.path)
        except VoicetrailError as error:
            self._say(str(error))
            return
        self._look(number)
        self._say(f"{printable(chosen.path.name)} is deleted")

    def action_no(self) -> None:
        """Leave it."""
        if self._to_delete is not None:
            self._to_delete = None
            self._say("it stays")

    def action_back(self) -> None:
        """Leave the question, or the screen."""
        if self.query_one("#replays").has_class("-asking"):
            self._stop_asking()
            self._say("the name stays")
        elif self._to_delete is not None:
            self.action_no()
        else:
            self.dismiss()

    def _stop_asking(self) -> None:
        self.query_one("#replays").remove_class("-asking")
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Another one is chosen: a question about the last one is over, and what is wrong with this one is shown."""
        self._to_delete = None
        chosen = self._chosen
        self._say(chosen.problem if chosen is not None else "")


def _line(one: ReplaySummary) -> Text:
    size = store.size_text(one.size) + (" +sound" if one.sound else "")
    name = " – ".join(part for part in (printable(one.path.name), printable(one.title, 40)) if part)
    text = _row(one.when, one.length, "?" if one.words is None else str(one.words), one.mode, size, name)
    return Text(text, style="" if one.playable else "dim", no_wrap=True, overflow="ellipsis")


def _row(when: str, length: str, words: str, mode: str, size: str, name: str) -> str:
    return f"{when:<16}  {length:>7}  {words:>5}  {mode:<10}  {size:<14}  {name}"
