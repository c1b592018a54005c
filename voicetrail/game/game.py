"""The rules: a game is a function of its inputs and their times, and of nothing else."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from voicetrail.game.inputs import (
    By,
    Clear,
    Go,
    Input,
    Mode,
    SetGlideSilence,
    SetGlideSpeed,
    SetMode,
    SetStep,
    Step,
    Stop,
    Tick,
    Undo,
)
from voicetrail.game.movement.glide import GlideMode
from voicetrail.game.movement.step import StepMode
from voicetrail.game.rules import Changes
from voicetrail.game.tally import Tally
from voicetrail.game.trail import HEIGHT, WIDTH, Direction, Stroke, Trail

RULES_VERSION = 1
"""Grows when the same inputs would no longer give the same drawing; a replay carries it."""
UNDO_DEPTH = 10_000
"""Strokes that can be taken back."""


@dataclass(slots=True)
class _Entry:
    """A stroke or a clear in the history."""

    name: str
    stroke: Stroke
    tally: Tally
    """The counts before it."""


class Game:
    """A drawing under way.

    Args:
        width: columns of the drawing.
        height: rows of the drawing.
        step: steps that a word draws.
        mode: one step a word, or a glide.
        glide_speed: steps a second of a glide.
        glide_silence: seconds without a word after which a glide ends; 0 is never.
    """

    def __init__(
        self,
        width: int = WIDTH,
        height: int = HEIGHT,
        *,
        step: int = 2,
        mode: Mode = "step",
        glide_speed: float = 6.0,
        glide_silence: float = 8.0,
    ) -> None:
        self.trail = Trail(width, height)
        self.tally = Tally()
        self.now_ms = 0
        """The latest time that an input came with."""
        self._steps = StepMode(step)
        self._glides = GlideMode(glide_speed, glide_silence)
        self._mode_name: Mode = mode
        self._history: deque[_Entry] = deque(maxlen=UNDO_DEPTH)

    @property
    def mode(self) -> StepMode | GlideMode:
        """The rules by which words become strokes."""
        return self._glides if self._mode_name == "glide" else self._steps

    @property
    def step(self) -> int:
        """Steps that a word draws."""
        return self._steps.length

    @property
    def glide_speed(self) -> float:
        """Steps a second of a glide."""
        return self._glides.speed

    @property
    def glide_silence(self) -> float:
        """Seconds without a word after which a glide ends."""
        return self._glides.silence

    @property
    def undoable(self) -> int:
        """How many strokes can be taken back."""
        return len(self._history)

    def checksum(self) -> str:
        """A stable hash of the drawing and its pen."""
        return self.trail.checksum()

    def apply(self, item: Input, at_ms: int) -> Changes:
        """Do one thing to the game.

        Args:
            item: what is done.
            at_ms: when, in milliseconds of the session; a time before the last one counts as the last one.

        Returns:
            The cells that changed, and what to tell the player.
        """
        self.now_ms = max(self.now_ms, at_ms)
        self.trail.watch()
        glided_to_edge = self._glide()
        message, edge = self._do(item)
        if glided_to_edge and not message:
            message = _edge_message(self.trail.pen.direction)
        return Changes(self.trail.changed(), message, edge or glided_to_edge)

    def copy(self) -> Game:
        """A game of its own in the same state: a place that a replay can go back to."""
        other = Game(self.trail.width, self.trail.height)
        other.trail, other.tally, other.now_ms = self.trail.copy(), self.tally, self.now_ms
        other._steps, other._glides, other._mode_name = self._steps, self._glides, self._mode_name
        other._history = self._history.copy()
        if other._history:
            # Only the last stroke can still grow (a glide).
            last = other._history.pop()
            stroke = Stroke(last.stroke.pen, dict(last.stroke.before), last.stroke.length)
            other._history.append(replace(last, stroke=stroke))
        return other

    def _glide(self) -> bool:
        """Draw what a glide owes up to now; tell whether it ran into the edge."""
        direction = self.mode.direction
        due, mode = self.mode.advance(self.now_ms)
        self._set_mode_state(mode)
        if not due or direction is None:
            return False
        stroke = self._history[-1].stroke
        before = stroke.length
        whole = self.trail.move(direction, due, stroke)
        self.tally = self.tally.longer(stroke.length - before)
        if not whole:
            self._rest()
        return not whole

    def _do(self, item: Input) -> tuple[str, bool]:
        match item:
            case Step(direction, by):
                return self._stroke(direction, by)
            case Go(by):
                last = self.trail.pen.direction
                return ("say a direction first", False) if last is None else self._stroke(last, by)
            case Stop():
                moving = self.mode.moving
                self._rest()
                return ("the pen rests" if moving else ""), False
            case Undo():
                return self._undo(), False
            case Clear():
                return self._clear(), False
            case SetStep(length):
                self._steps = StepMode(length)
                return f"step length {length}", False
            case SetMode(name):
                self._rest()
                self._mode_name = name
                return ("glide: a word sets the pen going" if name == "glide" else "one step a word"), False
            case SetGlideSpeed(speed):
                self._glides = replace(self._glides, speed=speed)
                return f"glide speed {speed:g} steps a second", False
            case SetGlideSilence(seconds):
                self._glides = replace(self._glides, silence=seconds)
                return (
                    f"a glide ends after {seconds:g} s without a word" if seconds else "a glide does not end by silence",
                    False,
                )
            case Tick():
                return "", False

    def _stroke(self, direction: Direction, by: By) -> tuple[str, bool]:
        pen, tally = self.trail.pen, self.tally
        steps, mode = self.mode.word(direction, self.now_ms)
        self._set_mode_state(mode)
        stroke = Stroke(pen)
        whole = self.trail.move(direction, steps, stroke)
        if not whole:
            self._rest()
        if self.trail.pen != pen:
            self._history.append(_Entry(direction, stroke, tally))
            self.tally = tally.stroke(by).longer(stroke.length)
        return (direction, False) if whole else (_edge_message(direction), True)

    def _undo(self) -> str:
        self._rest()
        if not self._history:
            return "nothing to undo"
        entry = self._history.pop()
        self.trail.take_back(entry.stroke)
        self.tally = replace(entry.tally, undone=self.tally.undone + 1)
        return "the drawing is back" if entry.name == "clear" else f"taken back: {entry.name}"

    def _clear(self) -> str:
        self._rest()
        if not self.trail.cells and self.trail.pen == self.trail.home:
            return "nothing to clear"
        stroke = Stroke(self.trail.pen)
        self._history.append(_Entry("clear", stroke, self.tally))
        self.trail.clear(stroke)
        self.tally = self.tally.cleared()
        return "cleared: undo brings it back"

    def _rest(self) -> None:
        self._set_mode_state(self.mode.stop())

    def _set_mode_state(self, mode: StepMode | GlideMode) -> None:
        if isinstance(mode, GlideMode):
            self._glides = mode


def _edge_message(direction: str | None) -> str:
    return f"the {direction} edge of the canvas: the pen stops here" if direction else "the edge of the canvas"
