"""The screen for takes from replays with sound: what was said where the player set a marker or undid a word."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from voicetrail.errors import VoicetrailError
from voicetrail.play.context import SessionContext
from voicetrail.replay import library
from voicetrail.replay.file.reader import read
from voicetrail.replay.library import clock
from voicetrail.teaching.collecting.gathering import ReplayTake, takes_of_replay
from voicetrail.teaching.session import TeachingSession
from voicetrail.text import printable
from voicetrail.ui.app_protocol import look_of
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.teaching.page_rows import fill, said_rows
from voicetrail.ui.teaching.takes.player import TakePlayer
from voicetrail.ui.widgets.menu import MenuItem, MenuList
from voicetrail.ui.widgets.rows import Rows

POLL_S = 0.1
NONE = "no replay has sound: turn on record_audio and record a round; press m after a missed word, u after a wrong one"


class TakeReplaysScreen(SpokenDialog):
    """A list of replays, then a list of moments; enter adds what was said there as a take of the word.

    Args:
        context: the session.
        teaching: the teaching session that gets the takes.
        word: the word of the takes.
    """

    DEFAULT_CSS = """
    TakeReplaysScreen > #frame { width: 76; max-width: 94%; height: 18; max-height: 90%; }
    TakeReplaysScreen #said { height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,left", "back", "Back"),
        Binding("up", "move(-1)", "Up"),
        Binding("down", "move(1)", "Down"),
        Binding("enter,right", "take", "Take"),
        Binding("p,space", "hear", "Play"),
    ]

    def __init__(self, context: SessionContext, teaching: TeachingSession, word: str) -> None:
        super().__init__(context)
        self._teaching = teaching
        self._word = word
        self._player = TakePlayer()
        self._menu = MenuList(id="menu")
        self._paths: dict[str, Path] = {}
        self._moments: dict[str, ReplayTake] = {}
        """Moments of the chosen replay; empty while the replays are listed."""
        self._taken: set[str] = set()

    def compose(self) -> ComposeResult:
        """The list, and a row for messages."""
        with Vertical(id="frame") as frame:
            frame.border_title = printable(f"takes of {self._word} from replays")
            yield self._menu
            yield Rows(id="said")

    def on_mount(self) -> None:
        """List the replays."""
        self.set_interval(POLL_S, self._player.poll)
        self._list_replays()

    def on_unmount(self) -> None:
        """Stop playback."""
        self._player.stop()

    def _list_replays(self) -> None:
        self._moments = {}
        self.query_one("#frame").border_subtitle = "enter: show its marked and undone words   esc: close"
        try:
            found = [one for one in library.list_replays() if one.playable and one.sound]
        except VoicetrailError as error:
            found = []
            self.call_after_refresh(self._say, str(error))
        self._paths = {one.path.name: one.path for one in found}
        self._menu.set_items([MenuItem(one.path.name, one.when, one.length, printable(one.mode)) for one in found])
        if not found:
            self.call_after_refresh(self._say, NONE)

    def _list_moments(self, found: tuple[ReplayTake, ...]) -> None:
        self._moments = {str(number): one for number, one in enumerate(found)}
        self._taken = set()
        self.query_one("#frame").border_subtitle = "enter: add it   p: play it   esc: back"
        self._menu.cursor = 0
        self._show_moments()

    def _show_moments(self) -> None:
        items = []
        for name, one in self._moments.items():
            about = "marked: missed as" if one.kind == "marked" else "undone: detected as"
            note = "added" if name in self._taken else f"{one.take.seconds:.2f} s"
            items.append(MenuItem(name, clock(one.at_ms), f"{about} {printable(one.label, 24)}", note))
        self._menu.set_items(items)

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Rows)
        fill(said, said_rows(text, said.size.width or 60, look_of(self).warn)[:2])

    def action_move(self, by: int) -> None:
        """Select another row."""
        self._menu.move(by)

    def action_take(self) -> None:
        """List the moments of a replay, or add the selected moment as a take."""
        item = self._menu.item
        if item is None:
            return
        if not self._moments:
            try:
                found = takes_of_replay(read(self._paths[item.name]))
            except VoicetrailError as error:
                self._say(str(error))
                return
            if found:
                self._list_moments(found)
            else:
                self._say("this replay has no markers and no undone words")
            return
        if item.name not in self._taken and self._teaching.add_takes(self._word, [self._moments[item.name].take]):
            self._taken.add(item.name)
            self._show_moments()
            self._say(f"a take of {self._word} was added")

    def action_hear(self) -> None:
        """Play the selected moment."""
        item = self._menu.item
        if item is not None and item.name in self._moments:
            self._say(self._player.play(self._moments[item.name].take))

    def action_back(self) -> None:
        """Go back to the list of replays, or close."""
        if self._moments:
            self._menu.cursor = 0
            self._list_replays()
        else:
            self.dismiss()
