"""The live score bars: one for each label, with the threshold as a tick and the recent peak as a fading mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style

from voicetrail.spotting.word_counts import FadingPeaks
from voicetrail.ui.style.look import Look
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

LIT_S = 0.9
"""Time for which a detected word stays lit, in s."""
FRESH_S = 0.5
"""A peak younger than this is bright, an older one is dim, in s."""
SHOWN_NAMES = {NOISE: "background noise", UNKNOWN: "other speech"}
"""Names on the screen for the labels that are not words."""
SHORT_NAMES = {NOISE: "noise", UNKNOWN: "other"}
"""Short names, for two columns of bars side by side."""
MIN_SHOWN_SCORE = 0.05
"""Words below this score have an empty bar."""
WIDEST_BAR = 40
NARROWEST_BAR = 6
NEEDS, FIRED = 6, 6
"""Width, in columns, of the threshold and of the number of possible detections in the last minute."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """The layout that all bars share."""

    look: Look
    lines: int
    longest: int
    """Width of the words, in characters."""
    width: int
    needs: bool
    """Whether there is room for the threshold as a number."""
    fired: bool
    """Whether there is room for the number of possible detections."""
    room: int
    """Width of a word's bar, in cells."""
    names: tuple[str, ...]
    """What the labels are called on the screen."""
    others: int
    """Width of the names of the labels that are not words, in characters."""

    @property
    def room_of_others(self) -> int:
        """Width of the bars of the labels that are not words: without a threshold, their names get the room."""
        return max(0, min(WIDEST_BAR, self.width - self.others - 4))


class ScoreBars(Rows):
    """A heading, and a bar for each label. Scores are rounded to the visible resolution, so that invisible changes send nothing.

    Args:
        clock: monotonic, in s, for lit bars. The replay player passes the time of the replay.
        fine: show fractions of a cell; over a slow connection, whole cells change less often.
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
        """Indices of the labels, words first."""
        self._shown: dict[int, list[object]] = {}
        """The visible state of each bar."""
        self.selected: str | None = None

    def set_labels(self, labels: Sequence[str]) -> None:
        """Set the labels: words come first, then the dimmed labels that are not words."""
        self.labels = tuple(labels)
        self._scores = (0.0,) * len(self.labels)
        self._peaks = FadingPeaks(len(self.labels))
        self._lit = {}
        self._shown = {}
        self._order = sorted(range(len(self.labels)), key=lambda index: not is_word(self.labels[index]))
        self.rebuild()

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Set the thresholds, which are shown as ticks."""
        self._thresholds = dict(thresholds)
        self.rebuild()

    def set_fired(self, fired: Mapping[str, int]) -> None:
        """Set how often each word would have been detected in the last minute."""
        if fired != self._fired:
            self._fired = dict(fired)
            self.rebuild()

    def select(self, word: str | None) -> None:
        """Select the word that tuning keys change; ``None`` selects all words."""
        self.selected = word
        self.rebuild()

    def light(self, word: str) -> None:
        """Light the bar of a word that was just detected."""
        self._lit[word] = self._clock()
        self.rebuild()

    def set_scores(self, time: int, scores: Sequence[float]) -> None:
        """Show the smoothed scores of a hop, in the order of the labels; peaks fade by ``time``, in samples."""
        self._scores = tuple(scores)
        self._peaks.add(time, scores)
        self.rebuild()

    def fade(self) -> None:
        """Let time pass: lit bars go out, even without new scores."""
        if self._lit:
            self._lit = {label: since for label, since in self._lit.items() if self._clock() - since < LIT_S}
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild every row; unchanged rows send nothing."""
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
        names = tuple(self._shown_name(label, each) for label in self.labels)
        others = max((len(name) for name, label in zip(names, self.labels, strict=True) if not is_word(label)), default=0)
        return _Shape(self.look, lines, longest, each, needs, fired, max(0, min(WIDEST_BAR, room)), names, others)

    def _heading(self, shape: _Shape, columns: int) -> None:
        name = f"  {'word':<{shape.longest}} {'score':<{shape.room}}"
        tail = ("needs".rjust(NEEDS) if shape.needs else "") + ("/min".rjust(FIRED) if shape.fired else "")
        text = (name[: shape.width - len(tail)] + tail).ljust(shape.width + 1)
        self.put(0, [(text * columns, self.look.dim)])

    def _filled(self, index: int, room: int) -> float:
        """Return how many cells of a bar are filled, rounded for the screen.

        Noise in silence is not shown: very low scores of words, and fractions of a cell of the other labels.
        """
        score, word = self._scores[index], is_word(self.labels[index])
        if word and score < MIN_SHOWN_SCORE:
            return 0.0
        parts = len(self.look.marks.eighths) if self._fine and word else 1
        return round(score * room * parts) / parts

    def _visible(self, index: int, shape: _Shape) -> tuple[object, ...]:
        """Return everything visible of a bar, rounded; a bar with an equal state does not have to be redrawn."""
        label = self.labels[index]
        room = shape.room if is_word(label) else shape.room_of_others
        at, fresh = self._peak_at(index, room)
        lit = label in self._lit and self._clock() - self._lit[label] < LIT_S
        filled = self._filled(index, room)
        return label, filled, at, fresh, lit, self._thresholds.get(label), self._fired.get(label), label == self.selected

    @staticmethod
    def _shown_name(label: str, width: int) -> str:
        name = SHOWN_NAMES.get(label, label)
        return name if len(name) + 3 <= width else SHORT_NAMES.get(label, label)

    def _peak_at(self, index: int, room: int) -> tuple[int | None, bool]:
        """Return the cell of the peak's mark (``None`` without one), and whether it is bright."""
        peak = self._peaks.peak(index)
        at = min(room, round(peak.score * room)) - 1
        shown = at >= self._filled(index, room) and peak.freshness > 0
        return (at, peak.freshness > FRESH_S) if shown else (None, False)

    def _bar(self, index: int, shape: _Shape) -> list[Run]:
        look, marks = self.look, self.look.marks
        label, name = self.labels[index], shape.names[index]
        if not is_word(label):
            return [(f"  {name:<{shape.others}} ", look.dim), *self._scale(index, shape.room_of_others, look.dim)]
        lit = label in self._lit and self._clock() - self._lit[label] < LIT_S
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
            # Above the threshold both color and character differ, because color alone must not carry meaning.
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
    """Insert single characters into runs, each at its position; a later one replaces an earlier one."""
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
