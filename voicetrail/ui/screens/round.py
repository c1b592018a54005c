"""The screen of a round: keys and words become inputs, and the board shows the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from voicetrail.errors import VoicetrailError
from voicetrail.events import SourceLost, WordHeard, WordRejected
from voicetrail.game import Changes, Clear, Input, Move, PenDown, PenUp, Redo, SetColor, SetPen, Sketch, Stop, Undo
from voicetrail.game.ink import COLORS, PEN_STYLES, next_item
from voicetrail.game.mode_list import MODES
from voicetrail.game.trail import Direction
from voicetrail.keys import WORD_DIGITS
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.play.rounds.flow import CHOICES, PauseReason, RoundFlow
from voicetrail.play.rounds.round import Round
from voicetrail.play.rounds.setups import inputs_of_settings, restarted
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.base.game_screen import GameScreen
from voicetrail.ui.base.spoken_screen import GracePeriod, direction_of
from voicetrail.ui.help_texts import HOW_WORDS_ARE_TAKEN
from voicetrail.ui.live_display import LiveDisplay
from voicetrail.ui.messages import LeaveRequested, RoundEnded, RoundRequested
from voicetrail.ui.palette import ActionCommands, SettingCommands
from voicetrail.ui.widgets.board import Board
from voicetrail.ui.widgets.keybar import KeyBar
from voicetrail.ui.widgets.message import MessageLine, Weight
from voicetrail.ui.widgets.too_small import TooSmall

FADE_S = 0.25
"""Time between two updates of fading marks, in s."""
TICK_S = 0.04
"""Time between two ticks of the rules, in s."""
LIT_S = 0.3
"""Time for which a stroke is lit, in s."""
LAST_LOOK_S = 0.8
"""Time between the end of a round and its result screen, in s."""
SKETCH_ONLY = frozenset(
    {"step_shorter", "step_longer", "movement", "mode", "glide_slower", "glide_faster", "clear", "pen", "color", "pen_up"}
)
"""Actions that no other mode has."""


class RoundScreen(GameScreen):
    """Board, message line and key bar, with a method ``action_<name>`` for each action.

    Args:
        context: the session.
        current: the round.
    """

    COMMANDS: ClassVar = {ActionCommands, SettingCommands}
    is_replaced = True
    words_are_moves = True

    def __init__(self, context: SessionContext, current: Round) -> None:
        sketch = isinstance(current.rules, Sketch)
        hidden = set[str]() if sketch else set(SKETCH_ONLY)
        hidden |= set() if MODES[current.rules.mode_name].can_undo else {"undo", "redo"}
        super().__init__(context, [action for action in context.actions if action.name not in hidden])
        self.round = current
        self.flow = RoundFlow(current, context.pause_after_s(current.rules))
        self.board = Board(
            current.rules, context.clock, title_of(current), grid=context.settings.values.grid, slow=context.slow
        )
        self.message = MessageLine(id="message")
        self.keys = KeyBar(self.actions, id="keys")
        self.live = LiveDisplay(context, self.board, self.message, self.keys)
        self._grace = GracePeriod(context)
        """Whether the round begins paused."""
        self._ticks: Timer | None = None
        self._talk: Timer | None = None
        """Stops listening, with push to talk."""
        self._over = False

    def compose(self) -> ComposeResult:
        """The widgets."""
        yield self.board
        yield self.message
        yield self.keys
        yield TooSmall(id="small")

    def on_mount(self) -> None:
        """Subscribe to updates and start the timers."""
        for digit in WORD_DIGITS:
            self.bind_key(digit, f"select_word({digit})")
        self.live.show_all()
        self._show(Changes())
        self.say(*self._welcome())
        if self.round.rules.moving and self.context.state == "loading":
            self.pause("loading")
        self._unwatch = self.context.settings.subscribe(self._settings_changed)
        game_app_of(self).updates.subscribe(self, self._take_updates)
        self.set_interval(FADE_S, self._let_fade)
        self.set_interval(self.board.spectrogram.frame_s, self._paint_spectrogram)
        self.board.show_spectrogram(self.context.shows_spectrum)
        # Imported now, so that the first recording does not delay a key or word.
        self.call_after_refresh(self.context.recording.warm_up)

    def on_unmount(self) -> None:
        """Unsubscribe and stop the timers."""
        self._unwatch()

    def on_resize(self, event: events.Resize) -> None:
        """Adapt the layout; pause if the window is too small."""
        self.board.fit(event.size.width, event.size.height)
        if self.has_class("-small"):
            self.pause("window")

    def on_screen_suspend(self) -> None:
        """Another screen covers this one: pause a timed round; a sketch is not timed."""
        if not isinstance(self.round.rules, Sketch):
            self.pause("dialog")

    def _welcome(self) -> tuple[str, Weight]:
        notices = self.context.take_notices()
        if notices:
            return "; ".join(notices), "warn"
        return "say up, down, left or right; the arrow keys do the same", "plain"

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a message."""
        self.message.say(message, weight)

    def _let_fade(self) -> None:
        self.live.fade()
        if self.flow.silence_is_long and self.is_active:
            self.pause("silence")

    def help_text(self) -> str:
        """What the round is about, and how words are taken."""
        return f"{MODES[self.round.rules.mode_name].help}\n{HOW_WORDS_ARE_TAKEN}"

    def _paint_spectrogram(self) -> None:
        if self.board.spectrogram.display:
            self.board.spectrogram.rebuild()

    # Updates from the worker

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        lost = not isinstance(self.round.rules, Sketch) and any(isinstance(item, SourceLost) for item in updates)
        for item in updates:
            if isinstance(item, WordHeard):
                self._take_word(item)
            elif isinstance(item, WordRejected) and not (item.reason == "muted" and self.context.held_by_dialog):
                self.round.hear(item)
                self.live.add_word(item, self.round.now_ms // 1000)
        self.live.show(updates)
        if self.flow.reason == "loading" and self.context.state != "loading":
            self._go_on()
        if lost:
            self.pause("source")
        self.paint_now()

    def _take_word(self, heard: WordHeard) -> None:
        self.live.add_word(heard, self.round.now_ms // 1000)
        if not self.is_active and not isinstance(self.round.rules, Sketch):
            return
        if self.flow.reason is None:
            changes = self.round.hear(heard)
            if changes is not None:
                self._show(changes, stroke=True)
                self.live.show_moved(heard)
        elif self._grace.accepts(heard):
            direction = direction_of(self.context, heard)
            if direction is not None:
                self._choose(direction)

    # Inputs

    def do(self, item: Input) -> None:
        """Apply an input and show its effect."""
        self._show(self.round.do(item), stroke=isinstance(item, Move))

    def _show(self, changes: Changes, *, stroke: bool = False) -> None:
        canvas, rules = self.board.canvas, self.round.rules
        canvas.update_cells(changes.cells, stroke=stroke)
        if stroke and changes.cells and self.context.motion:
            canvas.light()
            self.set_timer(LIT_S, canvas.unlight)
        if changes.message:
            self.say(changes.message, "warn" if changes.edge else "plain")
        self.message.set_right(rules.status)
        self.board.headline.say("" if isinstance(rules, Sketch) else rules.headline)
        if rules.moving:
            if self._ticks is None:
                self._ticks = self.set_interval(TICK_S, self._tick)
        elif self._ticks is not None:
            self._ticks.stop()
            self._ticks = None
        if rules.ended and not self._over:
            self._over = True
            self.set_timer(LAST_LOOK_S, lambda: self.post_message(RoundEnded(self.round)))

    def _tick(self) -> None:
        self._show(self.round.tick())

    # Pauses

    def pause(self, reason: PauseReason) -> None:
        """Pause the round, and show what the words do now."""
        changes = self.flow.pause(reason)
        if changes is not None:
            self._show(changes)
            self._grace.begin()
            self.say(self.flow.text, "warn")

    def _go_on(self) -> None:
        changes = self.flow.go_on()
        if changes is not None:
            self._show(changes)
            self.say("the round goes on")

    def _choose(self, direction: Direction) -> None:
        """Do what a direction means while the round is paused."""
        match CHOICES.get(direction):
            case "go on":
                self._go_on()
            case "restart":
                self.post_message(RoundRequested(restarted(self.round.rules.setup, self.context.settings)))
            case "leave":
                self.action_quit()
            case None:
                self.say(self.flow.text, "warn")

    def action_pause(self) -> None:
        """Pause or continue."""
        if self.flow.reason is None:
            self.pause("key")
        else:
            self._go_on()

    # Settings

    def _settings_changed(self, names: frozenset[str]) -> None:
        rules, settings = self.round.rules, self.context.settings
        if "grid" in names:
            self.board.canvas.show_grid(settings.values.grid)
        self.flow.pause_after_s = self.context.pause_after_s(rules)
        if isinstance(rules, Sketch):
            for item in inputs_of_settings(settings, rules, names):
                self.do(item)
        self.live.show_thresholds()
        self.live.show_state()

    # Actions of keys

    def _tune(self, change: Callable[[], str]) -> None:
        """Change something, and show the new value, or why it cannot be changed."""
        try:
            self.say(change())
        except VoicetrailError as error:
            self.say(str(error), "warn")
        self.board.bars.select(self.context.tuner.selected)

    def _draw(self, direction: Direction) -> None:
        if self.flow.reason is not None:
            self._choose(direction)
        else:
            self.do(Move(direction, "key"))

    def action_draw_up(self) -> None:
        """Draw up."""
        self._draw("up")

    def action_draw_down(self) -> None:
        """Draw down."""
        self._draw("down")

    def action_draw_left(self) -> None:
        """Draw to the left."""
        self._draw("left")

    def action_draw_right(self) -> None:
        """Draw to the right."""
        self._draw("right")

    def action_undo(self) -> None:
        """Undo the last stroke."""
        self.do(Undo())

    def action_redo(self) -> None:
        """Redo the stroke that was undone last."""
        self.do(Redo())

    def action_clear(self) -> None:
        """Clear the drawing."""
        self.do(Clear())

    def action_pen(self) -> None:
        """Choose the next pen."""
        if isinstance(sketch := self.round.rules, Sketch):
            self.do(SetPen(next_item(sketch.ink.pen, PEN_STYLES)))

    def action_color(self) -> None:
        """Choose the next color."""
        if isinstance(sketch := self.round.rules, Sketch):
            self.do(SetColor(next_item(sketch.ink.color, COLORS)))

    def action_pen_up(self) -> None:
        """Lift the pen, or put it down."""
        if isinstance(sketch := self.round.rules, Sketch):
            self.do(PenDown("key") if sketch.trail.pen_up else PenUp("key"))

    def action_listening(self) -> None:
        """Stop or start listening; with push to talk, listen for a while."""
        context = self.context
        if context.settings.values.push_to_talk:
            context.mute(False)
            seconds = context.settings.values.push_to_talk_time
            if self._talk is not None:
                self._talk.stop()
            self._talk = self.set_timer(seconds, self._end_talk)
            self.say(f"listening for {seconds:g} s")
        else:
            context.mute(not context.muted)
            self.say(context.listening_text)
        self.live.show_state()
        if isinstance(self.round.rules, Sketch) and self.round.rules.moving:
            self.do(Stop("key"))

    def _end_talk(self) -> None:
        if self.context.settings.values.push_to_talk:
            self.context.mute(True)
            self.live.show_state()
            self.say("not listening; press space to listen for a while")

    def action_select_word(self, number: int) -> None:
        """Select a word by its digit."""
        self._tune(lambda: self.context.tuner.select_number(number))

    def action_select_next(self) -> None:
        """Select the next word."""
        self._tune(lambda: self.context.tuner.select_by(1))

    def action_select_previous(self) -> None:
        """Select the previous word."""
        self._tune(lambda: self.context.tuner.select_by(-1))

    def action_select_all(self) -> None:
        """Select all words."""
        self._tune(lambda: self.context.tuner.select(None))

    def action_threshold(self, change: float) -> None:
        """Change the threshold of the selected word, or of all words."""
        self._tune(lambda: self.context.tuner.move_threshold(change))

    def action_thresholds_reset(self) -> None:
        """Reset the thresholds to the shipped ones."""
        self._tune(self.context.tuner.reset_thresholds)

    def action_step_setting(self, name: str, steps: int) -> None:
        """Change a setting by a number of its increments."""
        self._tune(lambda: self.context.tuner.step(name, steps))

    def action_preset(self) -> None:
        """Choose the next preset."""
        self._tune(self.context.tuner.next_preset)

    def action_spectrogram(self) -> None:
        """Show or hide the spectrogram."""
        self.say(self.context.show_spectrum(not self.context.shows_spectrum))
        self.board.show_spectrogram(self.context.shows_spectrum)

    def action_record(self) -> None:
        """Start or stop recording."""
        self._tune(lambda: self.context.recording.toggle(self.round.now_ms))
        self.live.fade()

    def action_marker(self) -> None:
        """Set a marker in the recording."""
        self._tune(lambda: self.context.recording.mark(self.round.now_ms))

    def action_quit(self) -> None:
        """Leave."""
        self.post_message(LeaveRequested())


def title_of(current: Round) -> str:
    """Return the title of the field: the mode and its level."""
    rules = current.rules
    if isinstance(rules, Sketch):
        return "voicetrail"
    return " ".join(part for part in (rules.mode_name, rules.level) if part)
