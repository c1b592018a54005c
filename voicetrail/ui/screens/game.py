"""The game's screen: turns keys into inputs and settings."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer

from voicetrail.errors import VoicetrailError
from voicetrail.game import Clear, Step, Stop, Undo
from voicetrail.game.trail import Direction
from voicetrail.keys import WORD_DIGITS
from voicetrail.ui.screens import open_screen
from voicetrail.ui.screens.live import LiveView


class GameScreen(LiveView):
    """The one screen of the game: a live game with an ``action_<name>`` for everything that a key does."""

    _talk: Timer | None = None
    """Closes the ear again, with push to talk."""

    def on_mount(self) -> None:
        """Bind the digits, which are no actions of their own (Textual calls the ``on_mount`` of every class)."""
        for digit in WORD_DIGITS:
            self._bindings.bind(digit, f"select_word({digit})", f"Select word {digit}", show=False)

    def _tune(self, change: Callable[[], str]) -> None:
        """Let the tuner change something and say what it is now, or why it cannot."""
        try:
            self.say(change())
        except VoicetrailError as error:
            self.say(str(error), "warn")
        self.bars.select(self.tuner.selected)

    def _draw(self, direction: Direction) -> None:
        self.do(Step(direction, "key"))

    def action_draw_up(self) -> None:
        """Draw a step up."""
        self._draw("up")

    def action_draw_down(self) -> None:
        """Draw a step down."""
        self._draw("down")

    def action_draw_left(self) -> None:
        """Draw a step to the left."""
        self._draw("left")

    def action_draw_right(self) -> None:
        """Draw a step to the right."""
        self._draw("right")

    def action_undo(self) -> None:
        """Take the last stroke back."""
        self.do(Undo())

    def action_clear(self) -> None:
        """Take the drawing away."""
        self.do(Clear())

    def action_listening(self) -> None:
        """Stop or start listening at once; with push to talk, open the ear for a while."""
        if self.settings.switch("push_to_talk"):
            self.mute(False)
            seconds = self.settings.number("push_to_talk_time")
            if self._talk is not None:
                self._talk.stop()
            self._talk = self.set_timer(seconds, self._close_ear)
            self.say(f"listening for {seconds:g} s")
        else:
            self.mute(not self.muted)
            self.say("not listening: space starts it again" if self.muted else "listening")
        if self.session.game.mode.moving:
            self.do(Stop("key"))

    def _close_ear(self) -> None:
        if self.settings.switch("push_to_talk"):
            self.mute(True)
            self.say("not listening: space opens the ear")

    def action_select_word(self, number: int) -> None:
        """Select a word by its digit."""
        self._tune(lambda: self.tuner.select_number(number))

    def action_select_next(self) -> None:
        """Select the next word."""
        self._tune(lambda: self.tuner.select_by(1))

    def action_select_previous(self) -> None:
        """Select the word before."""
        self._tune(lambda: self.tuner.select_by(-1))

    def action_select_all(self) -> None:
        """Select all words."""
        self._tune(lambda: self.tuner.select(None))

    def action_threshold(self, change: float) -> None:
        """Move the threshold."""
        self._tune(lambda: self.tuner.move_threshold(change))

    def action_thresholds_reset(self) -> None:
        """Take the thresholds that ship."""
        self._tune(self.tuner.reset_thresholds)

    def action_step_setting(self, name: str, steps: int) -> None:
        """Move a setting by its step."""
        self._tune(lambda: self.tuner.step(name, steps))

    def action_preset(self) -> None:
        """Take the next preset."""
        self._tune(self.tuner.next_preset)

    def action_theme(self) -> None:
        """Change between dark and light."""
        self._tune(self.voicetrail.other_theme)

    def action_record(self) -> None:
        """Start or stop keeping the session."""
        self._tune(lambda: self.recording.toggle(self.session.now_ms))
        self._let_fade()

    def action_marker(self) -> None:
        """Set a marker in the recording."""
        self._tune(lambda: self.recording.mark(self.session.now_ms))

    def _open(self, name: str) -> None:
        self.app.push_screen(open_screen(name, self))

    def action_help(self) -> None:
        """Open the help."""
        self._open("help")

    def action_settings(self) -> None:
        """Open the settings."""
        self._open("settings")

    def action_microphone(self) -> None:
        """Open the inputs."""
        self._open("microphone")

    def action_calibrate(self) -> None:
        """Open the calibration."""
        self._open("calibrate")

    def action_replays(self) -> None:
        """Open the kept sessions."""
        self._open("replays")

    def action_command_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_screenshot(self) -> None:
        """Save a picture of the screen."""
        self._tune(self.voicetrail.save_picture)

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit()
