"""The replay player: shows canvas, bars and words of a recorded round."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from voicetrail.errors import ReplayError, VoicetrailError
from voicetrail.events import ListeningChanged, WordHeard, WordRejected
from voicetrail.game.rules import Rules
from voicetrail.game.trail import Cell
from voicetrail.keys import Action
from voicetrail.replay.file.entries import Entry, Marker, SettingChanged
from voicetrail.replay.file.reader import Replay, ReplayReader
from voicetrail.replay.player import JUMP_MS, SPEEDS, Player
from voicetrail.replay.score_index import RecognizerState
from voicetrail.replay.timeline import Timeline
from voicetrail.replay.transcript import describe
from voicetrail.spotting.talk import raise_threshold
from voicetrail.ui.messages import LeaveRequested
from voicetrail.ui.textual_private.fast_screen import FastScreen
from voicetrail.ui.widgets.board import Board
from voicetrail.ui.widgets.keybar import KeyBar
from voicetrail.ui.widgets.message import MessageLine
from voicetrail.ui.widgets.position import PositionBar, speed_text
from voicetrail.ui.widgets.too_small import TooSmall
from voicetrail.vocabulary import is_word

if TYPE_CHECKING:
    from voicetrail.play.listening.replay_spectrum import ReplaySpectrum

FRAME_S = 0.05
"""Time between two frames, in s."""
FOLLOW_S = 0.25
"""Time between two reads of a file that is still being recorded, in s."""
WORDS_MAX = 60
"""Maximum number of words in the list after a jump."""
_SAMPLES_A_MS = 16

ACTIONS: tuple[Action, ...] = (
    Action("play", ("space",), "Pause", "Pause or continue; at the end, start again.", "Round", footer=True),
    Action("back", ("left",), "5 s back", "Go 5 seconds back.", "Round", footer=True, call=f"jump({-JUMP_MS})"),
    Action("forth", ("right",), "5 s forward", "Go 5 seconds forward.", "Round", footer=True, call=f"jump({JUMP_MS})"),
    Action("event_before", ("comma",), "Previous event", "Go to the previous event and pause.", "Round", call="event(-1)"),
    Action("event_after", (".",), "Next event", "Go to the next event and pause.", "Round", footer=True, call="event(1)"),
    Action("faster", ("+", "="), "Faster", "Play faster, up to 16 times as fast.", "Round", footer=True, call="speed(1)"),
    Action("slower", ("-",), "Slower", "Play slower, down to a quarter of the speed.", "Round", footer=True, call="speed(-1)"),
    *(
        Action(
            f"speed_{number}",
            (str(number),),
            f"{speed_text(SPEEDS[number + 1])}",
            f"Play at {speed_text(SPEEDS[number + 1])}.",
            "Round",
            call=f"set_speed({number + 1})",
        )
        for number in range(1, 6)
    ),
    Action("start", ("home",), "Start", "Go to the start.", "Round", call="go(0)"),
    Action("end", ("end",), "End", "Go to the end.", "Round", call="go(1)"),
    Action("marker_after", ("m",), "Next marker", "Go to the next marker.", "Round", call="marker"),
    Action("spectrogram", ("f",), "Spectrogram", "Show or hide the spectrogram of the recorded sound.", "Screens"),
    Action("help", ("?", "f1"), "Help", "Show what every key does.", "Screens", footer=True),
    Action("leave", ("q", "escape", "ctrl+q"), "Leave", "Leave the replay.", "Screens", footer=True),
)
"""The actions of the player."""


class ReplayScreen(FastScreen):
    """Plays a recorded round.

    Args:
        replay: the recorded round.
        clock: monotonic, in s.
        reader: the open file; a round that is still being recorded is played as it grows.
    """

    DEFAULT_CSS = """
    ReplayScreen.-small #position { display: none; }
    """

    def __init__(self, replay: Replay, clock: Callable[[], float] = monotonic, *, reader: ReplayReader | None = None) -> None:
        self.timeline = Timeline(replay)
        self.player = Player(self.timeline, clock, reader)
        super().__init__(ACTIONS)
        self.board = Board(self.player.game, lambda: self.player.position_ms / 1000, "replay", grid=False)
        self.message = MessageLine(id="message")
        markers = [entry.at_ms for entry in self.timeline.markers]
        self.position = PositionBar(self.timeline.duration_ms, markers, id="position")
        self._shown_game: Rules | None = None
        self._shown_ms = -1
        self._heard_with: RecognizerState | None = None
        self._talk_shift = 0.0
        self._spectrum: ReplaySpectrum | None = None
        """The spectrogram of the recorded sound, once it was requested."""

    def compose(self) -> ComposeResult:
        """The widgets of a round's screen, and the position bar."""
        yield self.board
        yield self.message
        yield self.position
        yield KeyBar(self.actions, id="keys")
        yield TooSmall(id="small")

    def on_resize(self, event: events.Resize) -> None:
        """Adapt the layout."""
        self.board.fit(event.size.width, event.size.height)

    def on_mount(self) -> None:
        """Start playback."""
        self.message.say(self._welcome(), "warn" if self.timeline.differences or self.timeline.replay.remark else "plain")
        self.player.play()
        self.set_interval(FRAME_S, self._let_play)
        if self.player.following:
            self._following = self.set_interval(FOLLOW_S, self._follow)
        self.call_after_refresh(self._show, None)

    def _welcome(self) -> str:
        header = self.timeline.header
        if self.timeline.differences:
            at = self.timeline.differences[0].at_ms / 1000
            return (
                f"the drawing differs from the recorded one from {at:.1f} s on: the rules have changed, or the file is damaged"
            )
        about = " · ".join(part for part in (header.title, header.date.replace("T", " ")[:16], header.source) if part)
        return "; ".join(part for part in (about or self.timeline.replay.path.name, self.timeline.replay.remark) if part)

    def _let_play(self) -> None:
        if self.player.playing:
            self._show(self.player.advance())

    def _follow(self) -> None:
        """Read what was recorded since the last call, and stop once the recording has ended."""
        try:
            self.player.follow()
        except ReplayError as error:
            self._following.stop()
            self.message.say(str(error), "bad")
            return
        self.position.extend(self.timeline.duration_ms, [entry.at_ms for entry in self.timeline.markers])
        if not self.player.following:
            self._following.stop()
            remark = self.timeline.replay.remark
            self.message.say(remark or "the recording has ended", "warn" if remark else "plain")

    def _show(self, cells: frozenset[Cell] | None) -> None:
        """Show the current time of the replay. ``cells`` are those that changed; ``None`` after a jump."""
        player = self.player
        self._show_spectrum(None if cells is None else self._shown_ms)
        if cells is None or player.game is not self._shown_game:
            self._shown_game = player.game
            self.board.canvas.show_rules(player.game)
            self._show_listening(again=True)
            self._refill_words()
        else:
            self.board.canvas.update_cells(cells, stroke=bool(cells))
            self._show_listening(again=False)
            self._add_events()
        self._shown_ms = player.position_ms
        scores = self.timeline.scores_at(player.position_ms)
        if scores is not None:
            self.board.bars.set_scores(player.position_ms * _SAMPLES_A_MS, scores)
            by = round(self.timeline.talk_shift_at(player.position_ms), 2)
            if by != self._talk_shift:
                self._talk_shift = by
                self._show_thresholds()
        else:
            self.board.bars.fade()
        self.message.set_right(player.game.status)
        self.position.show(player.position_ms, playing=player.playing, speed=player.speed)

    def _show_spectrum(self, after_ms: int | None) -> None:
        """Show the hops since a time; after a jump (``None``), those before the current time."""
        spectrogram = self.board.spectrogram
        if self._spectrum is None or not spectrogram.display:
            return
        if after_ms is None:
            spectrogram.clear()
        for bands, word in self._spectrum.hops(-1 if after_ms is None else after_ms, self.player.position_ms):
            spectrogram.add(bands)
            if word:
                spectrogram.mark_word()
        spectrogram.rebuild()

    def _show_listening(self, *, again: bool) -> None:
        info = self.timeline.recognizer_at(self.player.position_ms)
        if info is self._heard_with and not again:
            return
        self._heard_with = info
        if info is None:
            self.board.status.set_state("loading" if self.timeline.recognizer_states else "keyboard")
            self.board.status.set_source(self.timeline.header.source)
            return
        if again:
            # Remove peaks that lie in the future after a jump back.
            self.board.bars.set_labels(())
        self.board.show_labels(info.labels)
        self._show_thresholds()
        self.board.status.set_source(info.source)
        self.board.status.set_state("listening" if info.listening else "muted")

    def _show_thresholds(self) -> None:
        info = self._heard_with
        if info is not None:
            thresholds = {word: info.settings.threshold_of(word) for word in info.labels if is_word(word)}
            self.board.bars.set_thresholds(
                {word: raise_threshold(value, self._talk_shift) for word, value in thresholds.items()}
            )

    def _refill_words(self) -> None:
        self.board.words.clear()
        for entry in self.timeline.detected_until(self.player.position_ms, WORDS_MAX):
            self._add_word(entry, light=False)

    def _add_events(self) -> None:
        """Show the events between the last frame and this one."""
        for entry in self.timeline.shown_between(self._shown_ms, self.player.position_ms):
            item = entry.item
            if isinstance(item, WordHeard | WordRejected):
                self._add_word(entry, light=True)
            elif isinstance(item, Marker | SettingChanged | ListeningChanged):
                self.message.say(describe(item, self.player.game, 0))

    def _add_word(self, entry: Entry, *, light: bool) -> None:
        item = entry.item
        if isinstance(item, WordHeard | WordRejected):
            self.board.words.add(item, self.timeline.session_ms(entry.at_ms) // 1000)
            if light and isinstance(item, WordHeard):
                self.board.bars.light(item.word)

    def on_position_bar_clicked(self, message: PositionBar.Clicked) -> None:
        """Jump to the clicked time."""
        self.player.seek(message.at_ms)
        self._show(None)

    def action_play(self) -> None:
        """Pause or continue."""
        if self.player.playing:
            self.player.pause()
            self._show(frozenset())
        else:
            self.player.play()
            self._show(None if self.player.position_ms == 0 else frozenset())

    def action_jump(self, by_ms: int) -> None:
        """Jump by a time in ms, back or forward."""
        self.player.jump(by_ms)
        self._show(None)

    def action_event(self, direction: int) -> None:
        """Go to the next event, or to the previous one (``-1``)."""
        self.player.step(direction)
        self._show(None)

    def action_go(self, part: int) -> None:
        """Go to the start or the end."""
        self.player.seek(part * self.timeline.duration_ms)
        self._show(None)

    def action_marker(self) -> None:
        """Go to the next marker."""
        after = [entry.at_ms for entry in self.timeline.markers if entry.at_ms > self.player.position_ms]
        if not after:
            self.message.say("there is no marker after this time" if self.timeline.markers else "this replay has no markers")
            return
        self.player.seek(after[0])
        self._show(None)

    def action_speed(self, steps: int) -> None:
        """Change the speed by a number of levels."""
        (self.player.faster if steps > 0 else self.player.slower)()
        self._show(frozenset())

    def action_set_speed(self, number: int) -> None:
        """Set the speed by its number."""
        self.player.set_speed(number)
        self._show(frozenset())

    def action_spectrogram(self) -> None:
        """Show or hide the spectrogram of the recorded sound."""
        if self._spectrum is not None:
            self.board.show_spectrogram(not self.board.spectrogram.display)
            self._show_spectrum(None)
        elif self.timeline.replay.sound is None:
            self.message.say("this replay has no sound; record with --record-audio to keep the sound")
        else:
            self.message.say("loading recognizer…")
            self.run_worker(self._load_spectrum, thread=True, exclusive=True)

    def _load_spectrum(self) -> None:
        from voicetrail.play.listening.replay_spectrum import load_spectrum

        try:
            spectrum = load_spectrum(self.timeline)
        except VoicetrailError as error:
            self.app.call_from_thread(self.message.say, str(error), "bad")
            return
        self.app.call_from_thread(self._begin_spectrum, spectrum)

    def _begin_spectrum(self, spectrum: ReplaySpectrum) -> None:
        self._spectrum = spectrum
        self.board.show_spectrogram(True)
        self._show_spectrum(None)
        self.message.say("spectrogram: the input of the recognizer, newest on the right")

    def on_unmount(self) -> None:
        """Unsubscribe and stop the timers."""
        if self._spectrum is not None:
            self._spectrum.close()

    def action_help(self) -> None:
        """Open the help."""
        from voicetrail.ui.help_texts import HOW_TO_REPLAY
        from voicetrail.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(HOW_TO_REPLAY, self.actions))

    def action_leave(self) -> None:
        """Go back to the previous screen, or quit if there is none."""
        self.post_message(LeaveRequested())
