"""Sketch: free drawing."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from voicetrail.game.glyphs import parse_masks
from voicetrail.game.ink import COLORS, Ink
from voicetrail.game.inputs import (
    By,
    Clear,
    Go,
    Input,
    Move,
    Movement,
    PenDown,
    PenUp,
    Redo,
    SetBackground,
    SetColor,
    SetGlideSilence,
    SetGlideSpeed,
    SetMovement,
    SetPen,
    SetStepLength,
    Stop,
    Undo,
    input_of,
)
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, BaseRules, Done, route_text
from voicetrail.game.modes.sketch_history import UNDO_DEPTH, HistoryEntry, UndoneEntry
from voicetrail.game.movement.glide import GlideMovement
from voicetrail.game.movement.step import StepMovement
from voicetrail.game.rules import EMPTY, Mark, RoundResult, WordCount
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import compose_share_text
from voicetrail.game.tally import Tally
from voicetrail.game.trail import EDGES, HEIGHT, SIDEWAYS, WIDTH, Cell, Direction, Pen, Stroke, Trail
from voicetrail.text import counted
from voicetrail.vocabulary import DIGITS


class Sketch(BaseRules):
    """A free drawing.

    Args:
        width: columns of the drawing.
        height: rows of the drawing.
        step_length: how far a word moves the pen, in steps.
        movement: step or glide.
        glide_speed: speed of a glide, in steps per second.
        glide_silence: time without a word after which a glide ends, in s; 0 means never.
        rules: version of the rules; 0 is the newest.
        ink: pen and color at the start.
        name: name of the drawing; may be empty.
    """

    mode_name: ClassVar[ModeName] = "sketch"
    rules_version: ClassVar[int] = 2

    def __init__(
        self,
        width: int = WIDTH,
        height: int = HEIGHT,
        *,
        step_length: int = 2,
        movement: Movement = "step",
        glide_speed: float = 6.0,
        glide_silence: float = 8.0,
        rules: int = 0,
        ink: Ink | None = None,
        name: str = "",
    ) -> None:
        ink = ink or Ink()
        super().__init__(
            RoundSetup(
                "sketch",
                name,
                rules=rules,
                width=width,
                height=height,
                step_length=step_length,
                movement=movement,
                glide_speed=glide_speed,
                glide_silence=glide_silence,
                pen=ink.pen,
                color=ink.color,
            )
        )
        self.trail = Trail(width, height)
        self.trail.ink = ink
        self.tally = Tally()
        self._steps = StepMovement(step_length)
        self._glides = GlideMovement(glide_speed, glide_silence)
        self._movement: Movement = movement
        self._last: HistoryEntry | None = None
        self._undoable = 0
        self._undone: UndoneEntry | None = None
        self._limit = UNDO_DEPTH if rules == 1 else None

    @property
    def width(self) -> int:
        """Columns of the drawing."""
        return self.trail.width

    @property
    def height(self) -> int:
        """Rows of the drawing."""
        return self.trail.height

    @property
    def pen(self) -> Pen:
        """The pen."""
        return self.trail.pen

    @property
    def ink(self) -> Ink:
        """The current pen and color."""
        return self.trail.ink

    @property
    def movement(self) -> StepMovement | GlideMovement:
        """The current movement with its state."""
        return self._glides if self._movement == "glide" else self._steps

    @property
    def moving(self) -> bool:
        """Whether the pen is gliding."""
        return self.movement.moving and not self.paused and not self.ended

    @property
    def step_length(self) -> int:
        """How far a word moves the pen, in steps."""
        return self._steps.length

    @property
    def glide_speed(self) -> float:
        """Speed of a glide, in steps per second."""
        return self._glides.speed

    @property
    def glide_silence(self) -> float:
        """Time without a word after which a glide ends, in s; 0 means never."""
        return self._glides.silence

    @property
    def undoable(self) -> int:
        """How many strokes can be undone."""
        return self._undoable

    @property
    def headline(self) -> str:
        """What the player can do now."""
        return "The pen is up: it moves without drawing" if self.trail.pen_up else "Draw what you like"

    @property
    def status(self) -> str:
        """Number of strokes and total length."""
        return f"{counted(self.tally.strokes, 'stroke')}, length {self.tally.length}"

    @property
    def surroundings(self) -> str:
        """The position of the pen, in steps from the center."""
        pen, home = self.trail.pen, self.trail.home
        return f"from the center: {route_text((0, 0), ((pen.x - home.x) // SIDEWAYS, pen.y - home.y))}"

    def mark_at(self, cell: Cell) -> Mark:
        """Return the mark in a cell."""
        trail = self.trail
        if mask := trail.cells.get(cell):
            return Mark("trail", mask, ink=trail.ink_at(cell))
        if mask := trail.background.get(cell):
            return Mark("guide", mask)
        return EMPTY

    def marked(self) -> frozenset[Cell]:
        """Return the cells that are not empty."""
        return frozenset(self.trail.cells.keys() | self.trail.background.keys())

    def checksum(self) -> str:
        """Return a stable hash of the drawing and its pen."""
        return self.trail.checksum()

    def input_of(self, word: str) -> Input | None:
        """Return the input for a word in the current state: digits are colors; ``stop`` and ``go`` also lift and lower the pen."""
        if self.paused or self.ended:
            return None
        if word in DIGITS[1 : len(COLORS) + 1]:
            return SetColor(COLORS[DIGITS.index(word) - 1])
        item = input_of(word)
        if isinstance(item, Stop) and not self.movement.moving:
            return PenUp()
        if isinstance(item, Go) and self.trail.pen_up:
            return PenDown()
        return item

    def result(self) -> RoundResult:
        """Return the result so far: the score is the number of strokes. A sketch cannot be won."""
        tally = self.tally
        return RoundResult(
            "sketch",
            "",
            score=tally.strokes,
            finished=False,
            won=False,
            time_ms=self.played_ms,
            words=tally.strokes,
            presses=tally.presses,
            wrong=tally.undone,
            by_word=dict(self.by_word),
            details={"length": tally.length},
        )

    def share_text(self, result: RoundResult) -> str:
        """Return the counts only, because the drawing may be large."""
        return compose_share_text("sketch", result, [f"{counted(result.words, 'stroke')}, length {result.details['length']}"])

    def copy(self) -> Sketch:
        """Return an independent copy of the round in the same state; replays use it to jump back."""
        other = Sketch(self.trail.width, self.trail.height)
        self._copy_to(other)
        other.setup, other._limit = self.setup, self._limit
        other.trail, other.tally = self.trail.copy(), self.tally
        other._steps, other._glides, other._movement = self._steps, self._glides, self._movement
        other._last, other._undoable, other._undone = self._last, self._undoable, self._undone
        if other._last is not None:
            # Only the last stroke can still grow (a glide).
            stroke = other._last.stroke
            other._last = replace(other._last, stroke=Stroke(stroke.pen, dict(stroke.before), stroke.length))
        return other

    def _watch(self) -> None:
        self.trail.watch()

    def _changed(self) -> frozenset[Cell]:
        return self.trail.changed()

    def _advance(self, time_ms: int) -> Done:
        """Draw the steps of a glide that are due."""
        direction = self.movement.direction
        due, movement = self.movement.advance(time_ms)
        self._set_movement_state(movement)
        if not due or direction is None or self._last is None:
            return NOTHING
        stroke = self._last.stroke
        before = stroke.length
        whole = self.trail.move(direction, due, stroke)
        self.tally = self.tally.longer(stroke.length - before)
        if not whole:
            self._rest()
        return NOTHING if whole else (_edge_message(self.trail.pen.direction), True)

    def _do(self, item: Input) -> Done:
        match item:
            case Move(direction, by):
                return self._stroke(direction, by)
            case Go(by):
                last = self.trail.pen.direction
                return ("say a direction first", False) if last is None else self._stroke(last, by)
            case Stop():
                moving = self.movement.moving
                self._rest()
                return ("the pen stops" if moving else ""), False
            case PenUp() | PenDown():
                self._rest()
                self.trail.pen_up = isinstance(item, PenUp)
                return ("pen up: it moves without drawing" if self.trail.pen_up else "pen down: it draws"), False
            case Undo():
                return self._undo(), False
            case Redo():
                return self._redo(), False
            case Clear():
                return self._clear(), False
            case _:
                return self._set(item), False

    def _set(self, item: Input) -> str:
        """Apply an input that changes an option."""
        match item:
            case SetStepLength(length):
                self._steps = StepMovement(length)
                return f"step length {length}"
            case SetMovement(name):
                self._rest()
                self._movement = name
                return "glide: the pen keeps moving after a word" if name == "glide" else "step: a word draws one stroke"
            case SetGlideSpeed(speed):
                self._glides = replace(self._glides, speed=speed)
                return f"glide speed {speed:g} steps per second"
            case SetGlideSilence(seconds):
                self._glides = replace(self._glides, silence=seconds)
                return f"a glide ends after {seconds:g} s without a word" if seconds else "a glide goes on without words"
            case SetPen(pen):
                self.trail.ink = replace(self.trail.ink, pen=pen)
                return f"{pen} pen"
            case SetColor(color):
                self.trail.ink = replace(self.trail.ink, color=color)
                return f"{color} color"
            case SetBackground(text):
                masks = parse_masks(text, self.width, self.height)
                self.trail.set_background(masks)
                return "the background is shown" if masks else "the background is removed"
        return ""

    def _stroke(self, direction: Direction, by: By) -> Done:
        self._begin()
        pen, tally = self.trail.pen, self.tally
        steps, movement = self.movement.word(direction, self.clock.time_ms)
        self._set_movement_state(movement)
        stroke = Stroke(pen)
        whole = self.trail.move(direction, steps, stroke)
        if not whole:
            self._rest()
        if self.trail.pen != pen:
            self._push(HistoryEntry(direction, stroke, tally, by, self._last))
            self.tally = tally.stroke(by).longer(stroke.length)
            self._count(direction, by)
        return (direction, False) if whole else (_edge_message(direction), True)

    def _push(self, entry: HistoryEntry) -> None:
        self._last, self._undone = entry, None
        self._undoable += 1
        if self._limit is not None:
            self._undoable = min(self._undoable, self._limit)

    def _undo(self) -> str:
        self._rest()
        entry = self._last
        if entry is None or not self._undoable:
            return "there is nothing to undo"
        again = self.trail.take_back(entry.stroke)
        self._undone = UndoneEntry(entry, again, self.tally, self._undone)
        self._last, self._undoable = entry.previous, self._undoable - 1
        self.tally = replace(entry.tally, undone=self.tally.undone + 1)
        self._count_wrong(entry, 1)
        return "the drawing is restored" if entry.name == "clear" else f"undone: {entry.name}"

    def _redo(self) -> str:
        self._rest()
        undone = self._undone
        if undone is None:
            return "there is nothing to redo"
        # A redone stroke no longer counts as undone.
        self.tally = replace(undone.tally, undone=self.tally.undone - 1)
        self.trail.take_back(undone.redo_stroke)
        self._push(undone.entry)
        self._undone = undone.previous
        self._count_wrong(undone.entry, -1)
        return "the drawing is cleared again" if undone.entry.name == "clear" else f"redone: {undone.entry.name}"

    def _count_wrong(self, entry: HistoryEntry, by: int) -> None:
        """Count an undone word as wrong: it was probably misheard."""
        count = self.by_word.get(entry.name)
        if entry.by == "voice" and count is not None:
            self.by_word[entry.name] = WordCount(count.heard, count.wrong + by)

    def _clear(self) -> str:
        self._rest()
        if not self.trail.cells and self.trail.pen == self.trail.home:
            return "there is nothing to clear"
        stroke = Stroke(self.trail.pen)
        self._push(HistoryEntry("clear", stroke, self.tally, "key", self._last))
        self.trail.clear(stroke)
        self.tally = self.tally.cleared()
        return "the drawing is cleared; undo restores it"

    def _rest(self) -> None:
        self._set_movement_state(self.movement.stop())

    def _set_movement_state(self, movement: StepMovement | GlideMovement) -> None:
        if isinstance(movement, GlideMovement):
            self._glides = movement


def _edge_message(direction: Direction | None) -> str:
    return f"the {EDGES[direction]} edge of the canvas: the pen stops" if direction else "the pen is at the edge of the canvas"
