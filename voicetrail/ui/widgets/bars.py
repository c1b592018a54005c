"""The live score bars: one a label, with its threshold as a tick and the peak of the last seconds as a fading mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style

from voicetrail.spotting.word_counts import FadingPeaks
from voicetrail.ui.look import Look
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

LIT = 0.9
"""Seconds for which a word just heard stays lit."""
FRESH = 0.5
"""A peak fresher than this is bright; an older one is dimmed."""
SHOWN_NAMES = {NOISE: "noise", UNKNOWN: "other"}
"""Labels that are no words, as the screen calls them."""
WIDEST_BAR = 40


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all bars share."""

    look: Look
    lines: int
    longest: int
    """Characters of a name."""
    width: int
    threshold: bool
    """There is room for the threshold as a number."""
    fired: bool
    """There is room for how often a word would have fired."""
    room: int
    """Cells of the bar itself."""


class ScoreBars(Rows):
    """A bar for each label. Scores are quantized to the bar's cells: a change that cannot be seen sends nothing.

    Args:
        clock: seconds, never falling; lit bars go out by it. The replay player passes the replay's clock.
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
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
        order, look = self._order, self.look
        longest = min(10, max(len(SHOWN_NAMES.get(label, label)) for label in self.labels))
        columns = max(1, min(2, -(-len(order) // max(1, height))))
        lines = -(-len(order) // columns)
        each = width // columns - 1
        tails = (each >= longest + 16, each >= longest + 21)
        shape = _Shape(
            look, lines, longest, each, *tails, room=max(0, min(WIDEST_BAR, each - longest - 3 - 4 * tails[0] - 3 * tails[1]))
        )
        for y in range(lines):
            shown = [shape, *(self._visible(index, shape.room) for index in order[y::lines][:columns])]
            if self._shown.get(y) == shown:
                continue
            self._shown[y] = shown
            runs: list[Run] = []
            for index in order[y::lines][:columns]:
                row = self._bar(index, shape)
                used = sum(len(text) for text, _ in row)
                runs += [*row, (" " * (each - used + 1), look.text)]
            self.put(y, runs)
        self.truncate(lines)

    def _visible(self, index: int, room: int) -> tuple[object, ...]:
        """Everything that a bar shows, as it is rounded for that: a bar for which it is as before looks as before."""
        label = self.labels[index]
        at, fresh = self._peak_at(index, room)
        lit = label in self._lit and self._clock() - self._lit[label] < LIT
        filled = round(self._scores[index] * room)
        return label, filled, at, fresh, lit, self._thresholds.get(label), self._fired.get(label), label == self.selected

    def _peak_at(self, index: int, room: int) -> tuple[int | None, bool]:
        """Where the mark of the peak stands, if it does, and whether it is bright."""
        peak = self._peaks.peak(index)
        at = min(room, round(peak.score * room)) - 1
        shown = at >= round(self._scores[index] * room) and peak.freshness > 0
        return (at, peak.freshness > FRESH) if shown else (None, False)

    def _bar(self, index: int, shape: _Shape) -> list[Run]:
        look, marks, longest = self.look, self.look.marks, shape.longest
        label = self.labels[index]
        word = is_word(label)
        name = SHOWN_NAMES.get(label, label)
        lit = label in self._lit and self._clock() - self._lit[label] < LIT
        style = look.good if lit else look.text if word else look.dim
        runs: list[Run] = [
            (marks.selected if label == self.selected else " ", look.warn),
            (marks.heard if lit else " ", look.good),
            (f"{name[:longest]:<{longest}} ", style),
        ]
        tail: list[Run] = []
        if shape.threshold:
            threshold = self._thresholds.get(label)
            tail.append((" " + (f"{threshold:.2f}".removeprefix("0") if threshold is not None else "").rjust(3), look.dim))
        if shape.fired:
            tail.append(((f"{self._fired[label]}" if label in self._fired else "").rjust(3), look.dim))
        return [*runs, *self._scale(index, shape.room, style if lit or not word else look.accent), *tail]

    def _scale(self, index: int, room: int, fill: Style) -> list[Run]:
        if room <= 0:
            return []
        look, marks = self.look, self.look.marks
        label = self.labels[index]
        filled = round(self._scores[index] * room)
        scale: list[tuple[int, str, Style]] = []
        peak, fresh = self._peak_at(index, room)
        if peak is not None:
            scale.append((peak, marks.full, look.text) if fresh else (peak, marks.peak, look.dim))
        threshold = self._thresholds.get(label)
        if threshold is not None and is_word(label):
            at = min(room - 1, round(threshold * room))
            scale.append((at, marks.tick, look.warn if label == self.selected else look.text))
        return _with_marks([(marks.full * filled, fill), (marks.empty * (room - filled), look.dim)], scale)


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
