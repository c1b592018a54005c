"""The live score bars: one a label, with its threshold as a tick and the peak of the last seconds as a fading mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style

from voicetrail.spotting.word_counts import FadingPeaks
from voicetrail.ui.style.look import Look
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

LIT = 0.9
"""Seconds for which a word just heard stays lit."""
FRESH = 0.5
"""A peak fresher than this is bright; an older one is dimmed."""
SHOWN_NAMES = {NOISE: "background noise", UNKNOWN: "other speech"}
"""Labels that are no words, as the screen calls them."""
SHORT_NAMES = {NOISE: "noise", UNKNOWN: "other"}
"""The same where two columns of bars stand side by side."""
SILENT = 0.05
"""Words below this score have an empty bar."""
WIDEST_BAR = 40
NARROWEST_BAR = 6
NEEDS, FIRED = 6, 6
"""Columns of the threshold and of how often a word would have been given out in the last minute."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all bars share."""

    look: Look
    lines: int
    longest: int
    """Characters of a word."""
    width: int
    needs: bool
    """There is room for the threshold as a number."""
    fired: bool
    """There is room for how often a word would have fired."""
    room: int
    """Cells of the bar of a word."""


class ScoreBars(Rows):
    """A heading, and a bar for each label. Scores are quantized to what can be seen: a change that cannot be seen sends nothing.

    Args:
        clock: seconds, never falling; lit bars go out by it. The replay player passes the replay's clock.
        fine: show parts of a cell; where the screen is far away, whole ones change less often.
    """

    def __init__(self, clock: Callable[[], float], *, fine: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._fine = fine
        self.labels: tuple[str, ...] = ()
        self._scores: tuple[float, ...] = ()
        self._thresholds: Mapping[str, float] = {}
        self._fired: Mapping[str, int] = {}
        self._peaks = FadingPeaks(0)
        self._lit: dict[str, float] = {}
        self._order: list[int] = []
        """The labels' places, words first."""
        self._shown: dict[int, list[object]] = {}
        """What each row shows."""
        self.selected: str | None = None

    def set_labels(self, labels: Sequence[str]) -> None:
        """Show these labels: words first, then what is no word, dimmed."""
        self.labels = tuple(labels)
        self._scores = (0.0,) * len(self.labels)
        self._peaks = FadingPeaks(len(self.labels))
        self._lit = {}
        self._shown = {}
        self._order = sorted(range(len(self.labels)), key=lambda index: not is_word(self.labels[index]))
        self.rebuild()

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Move the ticks."""
        self._thresholds = dict(thresholds)
        self.rebuild()

    def set_fired(self, fired: Mapping[str, int]) -> None:
        """Show how often each word would have fired in the last minute."""
        if fired != self._fired:
            self._fired = dict(fired)
            self.rebuild()

    def select(self, word: str | None) -> None:
        """Mark the word that tuning keys change; ``None`` marks none (they change all)."""
        self.selected = word
        self.rebuild()

    def light(self, word: str) -> None:
        """Light the bar of a word that was just heard."""
        self._lit[word] = self._clock()
        self.rebuild()

    def set_scores(self, time: int, scores: Sequence[float]) -> None:
        """Show the smoothed scores of a hop, in the order of the labels; ``time`` in samples, by which peaks fade."""
        self._scores = tuple(scores)
        self._peaks.add(time, scores)
        self.rebuild()

    def fade(self) -> None:
        """Let time pass: lit bars go out, also when no scores come."""
        if self._lit:
            self._lit = {label: since for label, since in self._lit.items() if self._clock() - since < LIT}
            self.rebuild()

    def rebuild(self) -> None:
        """Make every row again; rows that look as before send nothing."""
        width, height = self.size
        if not self.labels or not width:
            return
        order = self._order
        columns = max(1, min(2, -(-len(order) // max(1, height - 1))))
        lines = -(-len(order) // columns)
        shape = self._shape(width // columns - 1, lines)
        self._heading(shape, columns)
        for y in range(lines):
            shown = [shape, *(self._visible(index, shape) for index in order[y::lines][:columns])]
            if self._shown.get(y) == shown:
                continue
            self._shown[y] = shown
            runs: list[Run] = []
            for index in order[y::lines][:columns]:
                row = self._bar(index, shape)
                used = sum(len(text) for text, _ in row)
                runs += [*row, (" " * (shape.width - used + 1), self.look.text)]
            self.put(y + 1, runs)
        self.truncate(lines + 1)

    def _shape(self, each: int, lines: int) -> _Shape:
        longest = min(10, max((len(label) for label in self.labels if is_word(label)), default=0))
        room = each - longest - 3
        needs = room - NEEDS >= NARROWEST_BAR
        fired = needs and room - NEEDS - FIRED >= NARROWEST_BAR
        room -= NEEDS * needs + FIRED * fired
        return _Shape(self.look, lines, longest, each, needs, fired, max(0, min(WIDEST_BAR, room)))

    def _heading(self, shape: _Shape, columns: int) -> None:
        name = f"  {'word':<{shape.longest}} {'score':<{shape.room}}"
        tail = ("needs".rjust(NEEDS) if shape.needs else "") + ("1 min".rjust(FIRED) if shape.fired else "")
        text = (name[: shape.width - len(tail)] + tail).ljust(shape.width + 1)
        self.put(0, [(text * columns, self.look.dim)])

    def _filled(self, index: int, room: int) -> float:
        """How far a bar is filled, in cells, as it is rounded for the screen.

        What trembles in silence is not shown: the lowest scores of words, and parts of a cell of what is no word.
        """
        score, word = self._scores[index], is_word(self.labels[index])
        if word and score < SILENT:
            return 0.0
        parts = len(self.look.marks.eighths) if self._fine and word else 1
        return round(score * room * parts) / parts

    def _visible(self, index: int, shape: _Shape) -> tuple[object, ...]:
        """Everything that a bar shows, as it is rounded for that: a bar for which it is as before looks as before."""
        label = self.labels[index]
        room = shape.room if is_word(label) else shape.width - len(self._shown_name(index, shape)) - 4
        at, fresh = self._peak_at(index, room)
        lit = label in self._lit and self._clock() - self._lit[label] < LIT
        filled = self._filled(index, room)
        return label, filled, at, fresh, lit, self._thresholds.get(label), self._fired.get(label), label == self.selected

    def _shown_name(self, index: int, shape: _Shape) -> str:
        label = self.labels[index]
        name = SHOWN_NAMES.get(label, label)
        return name if len(name) + 3 <= shape.width else SHORT_NAMES.get(label, label)

    def _peak_at(self, index: int, room: int) -> tuple[int | None, bool]:
        """Where the mark of the peak stands, if it does, and whether it is bright."""
        peak = self._peaks.peak(index)
        at = min(room, round(peak.score * room)) - 1
        shown = at >= self._filled(index, room) and peak.freshness > 0
        return (at, peak.freshness > FRESH) if shown else (None, False)

    def _bar(self, index: int, shape: _Shape) -> list[Run]:
        look, marks = self.look, self.look.marks
        label, name = self.labels[index], self._shown_name(index, shape)
        if not is_word(label):
            # What is no word has no threshold, and a name that needs the room.
            room = max(0, min(WIDEST_BAR, shape.width - len(name) - 4))
            return [(f"  {name} ", look.dim), *self._scale(index, room, look.dim)]
        lit = label in self._lit and self._clock() - self._lit[label] < LIT
        style = look.good if lit else look.text
        runs: list[Run] = [
            (marks.selected if label == self.selected else " ", look.warn),
            (marks.heard if lit else " ", look.good),
            (f"{name[: shape.longest]:<{shape.longest}} ", style),
        ]
        tail: list[Run] = []
        if shape.needs:
            threshold = self._thresholds.get(label)
            text = f"{threshold:.2f}".removeprefix("0") if threshold is not None else ""
            tail.append((text.rjust(NEEDS), look.dim))
        if shape.fired:
            tail.append(((f"{self._fired[label]}" if label in self._fired else "").rjust(FIRED), look.dim))
        return [*runs, *self._scale(index, shape.room, style if lit else look.accent), *tail]

    def _scale(self, index: int, room: int, fill: Style) -> list[Run]:
        if room <= 0:
            return []
        look, marks = self.look, self.look.marks
        label = self.labels[index]
        filled = self._filled(index, room)
        whole, part = int(filled), filled - int(filled)
        rest = marks.eighths[round(part * len(marks.eighths)) - 1] if part else ""
        empty = room - whole - len(rest)
        threshold = self._thresholds.get(label)
        if threshold is None or not is_word(label):
            bar: list[Run] = [(marks.eighths[-1] * whole + rest, fill), (marks.empty * empty, look.dim)]
            at = room
        else:
            at = min(room - 1, round(threshold * room))
            below = min(whole, at)
            over = whole - below
            # Beyond the threshold color and character are others: no meaning is carried by color alone.
            above = [(marks.above * over + (marks.above if rest and whole >= at else ""), look.good)]
            bar = [(marks.eighths[-1] * below + (rest if whole < at else ""), fill), *above, (marks.empty * empty, look.dim)]
        scale: list[tuple[int, str, Style]] = []
        peak, fresh = self._peak_at(index, room)
        if peak is not None:
            scale.append((peak, marks.peak, look.text if fresh else look.dim))
        if at < room:
            scale.append((at, marks.tick, look.warn if label == self.selected else look.text))
        return _with_marks(bar, scale)


def _with_marks(runs: list[Run], marks: list[tuple[int, str, Style]]) -> list[Run]:
    """Put single characters into runs, each at its place; a later one lies over an earlier one."""
    for at, mark, style in marks:
        cut: list[Run] = []
        start = 0
        for text, old in runs:
            inside = at - start
            start += len(text)
            if 0 <= inside < len(text):
                cut += [(text[:inside], old), (mark, style), (text[inside + 1 :], old)]
            else:
                cut.append((text, old))
        runs = [run for run in cut if run[0]]
    return runs
