"""The tutorial, shown at the first start: three steps of a few seconds, and then the first drawing."""

from __future__ import annotations

import contextlib

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from voicetrail.errors import SettingsError
from voicetrail.events import WordRejected
from voicetrail.game import Move, Sketch, Undo
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.play.rounds.setups import sketch_setup
from voicetrail.play.rounds.tutorial import ORDER, Tutorial
from voicetrail.ui.base.spoken_screen import SpokenScreen
from voicetrail.ui.messages import RoundRequested, TitleRequested
from voicetrail.ui.widgets.canvas import Canvas
from voicetrail.ui.widgets.hint_line import HintLine
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.wrap import wrapped

LOOK_S = 0.5
"""Time between two checks for silence, in s."""
KEYS: tuple[Action, ...] = (
    Action("undo", ("u",), "Undo", "Undo the last stroke.", "Draw"),
    Action("listening", ("m",), "Listen", "Stop or start listening.", "Listen"),
    Action("calibrate", ("k",), "Calibrate", "Set thresholds and gain for your voice.", "Screens"),
    Action("skip", ("escape", "q", "ctrl+q"), "Skip", "Go to the title.", "Screens", footer=True),
)
USED = {"up", "down", "left", "right", "enter", "space", "u", "m", "k", "escape", "q", "ctrl+q"}


class TutorialScreen(SpokenScreen):
    """Asks for each word, for undo, and for silence.

    Args:
        context: the session.
    """

    is_replaced = True
    DEFAULT_CSS = """
    TutorialScreen #text { width: 1fr; height: 1fr; }
    TutorialScreen #canvas { width: 24; height: 1fr; }
    """

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context, KEYS)
        self.tutorial = Tutorial()
        # Large enough that the player does not see its edges, which the tutorial does not explain.
        self.sketch = Sketch(201, 101, step_length=3)
        self.lines = Rows(id="text")
        self.canvas = Canvas(self.sketch, grid=False, id="canvas")
        self.hints = HintLine((("esc", "skip", "skip"),), id="hints")
        self._said = ""
        self._loading = context.state == "loading"
        """Whether the page says that the recognizer is being loaded."""

    def compose(self) -> ComposeResult:
        """The text and the drawing."""
        with Vertical(id="page"), Horizontal():
            yield self.lines
            yield self.canvas
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Start the tutorial; it is not shown automatically again."""
        with contextlib.suppress(SettingsError):
            self.context.settings.set("tutorial", False)
        self.set_interval(LOOK_S, self._wait)
        self.call_after_refresh(self._show)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the new size (Textual calls the ``on_resize`` of every base class too)."""
        self.call_after_refresh(self._show)

    def _wait(self) -> None:
        # No word can be detected before the recognizer is loaded.
        if self.is_active and self.context.state != "loading":
            step = self.tutorial.step
            self.tutorial.wait(LOOK_S)
            if self.tutorial.step != step:
                self._step_over()

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        super()._take_updates(updates)
        if self._loading and self.context.state != "loading":
            self._loading = False
            self._show()
        for item in updates:
            if isinstance(item, WordRejected) and self.is_active and item.word == self.tutorial.asked:
                self.tutorial.miss()
                self._said = f"almost: {item.word} reached {item.score:.2f}; say it again, a little more clearly"
                self._show()

    def on_direction(self, direction: Direction) -> None:
        """Handle a direction by word or key."""
        tutorial, step = self.tutorial, self.tutorial.step
        if step == "done":
            self._finish(direction)
            return
        asked = tutorial.asked
        if tutorial.hear(direction):
            self._draw(direction)
            self._said = f"{direction}: detected"
        elif asked is not None:
            self._said = f'the game heard "{direction}"; say "{asked}" again'
        if tutorial.step != step:
            self._step_over()
        self._show()

    def _draw(self, direction: Direction) -> None:
        self.canvas.update_cells(self.sketch.apply(Move(direction, "voice"), 0).cells)

    def _step_over(self) -> None:
        self.grace.begin()
        self._said = ""
        if self.tutorial.step == "undo":
            # A stroke for the player to undo.
            self._draw("left")
        self._show()

    def _finish(self, direction: Direction) -> None:
        if direction == "right":
            self.post_message(RoundRequested(sketch_setup(self.context.settings)))
        elif direction == "left":
            self.action_skip()

    def action_undo(self) -> None:
        """Undo the wrong stroke."""
        if self.tutorial.undo():
            self.canvas.update_cells(self.sketch.apply(Undo(), 0).cells, stroke=False)
            self._step_over()

    def action_listening(self) -> None:
        """Stop or start listening."""
        if self.tutorial.mute():
            self.context.mute(self.tutorial.muted)
            if self.tutorial.step == "done":
                self._step_over()
            self.listen_line.rebuild()
            self._show()

    def action_say(self, direction: Direction) -> None:
        """Handle a key that does the same as a word; in the third step, space stops listening."""
        self.on_direction(direction)

    def on_key(self, event: events.Key) -> None:
        """Any other key skips the tutorial."""
        if event.key == "space" and self.tutorial.step == "mute":
            event.stop()
            event.prevent_default()
            self.action_listening()
        elif event.key not in USED:
            event.stop()
            self.action_skip()

    def action_skip(self) -> None:
        """Go to the title."""
        if self.tutorial.muted:
            self.context.mute(False)
        self.post_message(TitleRequested())

    def _show(self) -> None:
        rows = wrapped(self._page(), self.lines.size.width or 80)
        for y, runs in enumerate(rows):
            self.lines.put(y, runs)
        self.lines.truncate(len(rows))
        ready = self.tutorial.step == "done"
        right = (("right", "draws", "say('right')"), ("left", "title", "say('left')")) if ready else ()
        self.hints.set_hints((*right, ("esc", "skip" if not ready else "title", "skip")))

    def _page(self) -> list[list[Run]]:
        look, tutorial = self.lines.look, self.tutorial
        text, dim, accent, good = look.text, look.dim, look.accent, look.good
        said: list[Run] = [(self._said, look.warn)]
        match tutorial.step:
            case "words":
                done = [(f"{word}  ", good if number < tutorial.said else dim) for number, word in enumerate(ORDER)]
                asked = (tutorial.asked or "").upper()
                waiting = "one moment: loading the recognizer" if self._loading else ""
                return [
                    [("1 of 3", dim), ("  say each word once", text)],
                    [],
                    [("say  ", text), (asked, accent)],
                    [],
                    done,
                    [],
                    [(waiting, dim)] if waiting else said,
                ]
            case "undo":
                return [
                    [("2 of 3", dim), ("  undo a wrong word", text)],
                    [],
                    [("press  ", text), ("u", accent), ("  to undo the extra stroke", text)],
                    [],
                    [("or say right to continue", dim)],
                ]
            case "mute" if tutorial.muted:
                return [
                    [("3 of 3", dim), ("  not listening: you can talk freely", text)],
                    [],
                    [("press  ", text), ("space", accent), ("  again to continue", text)],
                ]
            case "mute":
                return [
                    [("3 of 3", dim), ("  stop listening", text)],
                    [],
                    [("press  ", text), ("space", accent), ("  so that words do nothing", text)],
                    [],
                    [("or say right to continue", dim)],
                ]
            case _:
                hard = " and ".join(tutorial.hard_words)
                offer: list[list[Run]] = (
                    [[], [(f"{hard} needed several tries: press ", text), ("k", accent), (" to calibrate", text)]]
                    if hard
                    else []
                )
                end = (
                    "You know how to play."
                    if tutorial.complete
                    else "No word was detected for a while, so the tutorial ends here."
                )
                return [
                    [(end, text)],
                    [],
                    [("say  ", text), ("right", accent), ("  to draw", text)],
                    *offer,
                ]
