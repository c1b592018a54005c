"""The pages of the teaching screen, as rows of styled text."""

from __future__ import annotations

import textwrap

from rich.style import Style

from voicetrail.teaching.session import Result, TeachingSession, envelope
from voicetrail.text import printable
from voicetrail.ui.look import Look
from voicetrail.ui.widgets.rows import Run

BAR = 30
QUIETEST = -60.0
ENVELOPE = 16
"""Columns of a take's envelope."""
HEIGHTS, HEIGHTS_ASCII = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
"""From silence to the peak."""
COLUMN = 8
"""Widest column of the table of confusions."""

Page = list[list[Run]]


def bar(look: Look, part: float, style: Style) -> list[Run]:
    """A bar that is filled to a part."""
    filled = round(min(1.0, max(0.0, part)) * BAR)
    return [(look.marks.full * filled, style), (look.marks.empty * (BAR - filled), look.dim)]


def level(look: Look, session: TeachingSession) -> list[Run]:
    """The level of now."""
    return [("level  ", look.dim), *bar(look, 1.0 - session.level_db / QUIETEST, look.good)]


def room_page(look: Look, session: TeachingSession) -> Page:
    """The room is recorded."""
    left = max(0.0, session.room_left_s)
    return [
        [(f"Be silent for {left:.0f} seconds: the room is recorded, as it is when you play.", look.text)],
        [],
        [("time   ", look.dim), *bar(look, left / session.room_s, look.accent)],
        level(look, session),
    ]


def words_page(look: Look, session: TeachingSession, width: int, height: int) -> Page:
    """A word is asked for: the takes so far, the newest last."""
    count = len(session.examples.takes[session.word])
    state = "hearing it" if session.speaking else f"take {count + 1} of {session.takes}"
    page: Page = [
        [
            (f"{session.number}/{len(session.words)}  say  ", look.text),
            (printable(session.word), look.accent),
            (f"   {state}", look.dim),
        ],
        [("In your own time, with a short pause after each.", look.dim)],
        level(look, session),
        [],
    ]
    takes: list[Page] = [_take(look, session, number, width) for number in range(count)]
    if session.refused is not None:
        said = " ".join(problem.value for problem in session.refused.problems)
        takes.append(_sentences(look, f"That was no take: {said}", width))
    # The newest takes that fit.
    rows = [row for take in takes for row in take]
    return [*page, *rows[-max(1, height - len(page)) :]]


def ready_page(look: Look, session: TeachingSession, width: int) -> Page:
    """Every word was said: what may be wrong with the takes."""
    page: Page = [[("Every word was said. Enter trains it; that takes some seconds.", look.text)], []]
    for word in session.words:
        takes = session.examples.takes[word]
        page.append([(f"{printable(word)}: {len(takes)} takes", look.text)])
        for number in range(len(takes)):
            for problem in session.problems(word, number):
                page += _sentences(look, f"take {number + 1}: {problem.value}", width)
    return page


def training_page(look: Look, session: TeachingSession) -> Page:
    """Where the training stands."""
    step = session.step
    known = "" if step.accuracy is None else f"{step.accuracy:.0%}"
    return [
        [("Training", look.text)],
        [],
        [("done      ", look.dim), *bar(look, step.part, look.accent)],
        [("loss      ", look.dim), (f"{step.loss:.3f}" if step.loss else "", look.text)],
        [("held out  ", look.dim), (f"{known} right" if known else "", look.text)],
        [("left      ", look.dim), (f"{step.seconds_left:.0f} s" if step.seconds_left else "", look.text)],
    ]


def result_page(look: Look, result: Result, width: int) -> Page:
    """How good the set is, and what to do about it."""
    share = f"{result.heard:.0%} reach the threshold of {result.threshold:.2f}."
    allowed = f"At most three false moves in an hour of other talk were allowed; {result.false_an_hour:.1f} are assumed."
    page: Page = [
        [
            (f"{result.accuracy:.0%}", look.good if result.accuracy >= 0.9 else look.warn),
            (" of held-out takes are right.", look.text),
        ],
        *_lines(look, f"{share} {allowed}", width),
        [("It is kept, and used from now on.", look.good)],
        [],
    ]
    for line in result.advice:
        page += _sentences(look, line, width)
    page += [*([[]] if result.advice else []), *confusion_rows(look, result)]
    return page


def confusion_rows(look: Look, result: Result) -> Page:
    """The table of what was said (rows) and what it was taken for (columns)."""
    names = [printable(word, COLUMN) for word in result.words]
    first = max(len(name) for name in names)
    page: Page = [[("said, and taken for".ljust(first), look.dim)]]
    page.append([(" " * first, look.dim), *((f" {name:>{COLUMN}}"[-COLUMN - 1 :], look.dim) for name in names)])
    for row, (name, counts) in enumerate(zip(names, result.confusion, strict=True)):
        cells: list[Run] = []
        for column, count in enumerate(counts):
            style = look.good if row == column else look.warn if count else look.dim
            cells.append((f"{count:>{COLUMN + 1}}", style))
        page.append([(name.ljust(first), look.text), *cells])
    return page


def _take(look: Look, session: TeachingSession, number: int, width: int) -> Page:
    take = session.examples.takes[session.word][number]
    problems = session.problems(session.word, number)
    heights = HEIGHTS_ASCII if look.ascii_only else HEIGHTS
    drawn = "".join(heights[round(part * (len(heights) - 1))] for part in envelope(take, ENVELOPE))
    mark = look.marks.missed if problems else look.marks.heard
    page: Page = [
        [
            (f"{mark} {number + 1:2}  ", look.warn if problems else look.good),
            (f"{take.seconds:4.2f} s  {take.level_db:4.0f} dB  ", look.dim),
            (drawn, look.accent),
            ("" if problems else "  good", look.dim),
        ]
    ]
    for problem in problems:
        page += _sentences(look, problem.value, width)
    return page


def _sentences(look: Look, text: str, width: int) -> Page:
    return [[("  " if n else "! ", look.warn), (line, look.text)] for n, line in enumerate(_wrap(text, width - 3))]


def _lines(look: Look, text: str, width: int) -> Page:
    return [[(line, look.text)] for line in _wrap(text, width - 1)]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text, 400), max(20, width))
