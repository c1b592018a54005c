"""The pages of the teaching screen, as rows of styled text."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from rich.style import Style

from voicetrail.events import meter_part
from voicetrail.teaching.collecting.picture import spectrogram
from voicetrail.teaching.outcome import Result
from voicetrail.teaching.session import TeachingSession
from voicetrail.teaching.takes import Problem, Take
from voicetrail.text import printable
from voicetrail.ui.plural import counted
from voicetrail.ui.style.look import Look
from voicetrail.ui.teaching.trial import Trial
from voicetrail.ui.widgets.listening.spectrogram import bands_for, draw_columns
from voicetrail.ui.widgets.rows import Rows, Run

BAR_CELLS = 30
LEFT = 23
"""Columns of the description of a take, left of its spectrogram."""
TAKE_ROWS = 2
WIDEST = 48
"""Maximum width of a spectrogram, in columns."""
TALLEST = 6
"""Maximum height of the selected take's spectrogram, in rows."""
COLUMN = 8
"""Maximum width of a column in the confusion matrix."""
SHORT = {
    Problem.CLIPPED: "clipped",
    Problem.QUIET: "too quiet",
    Problem.NOISY: "noisy",
    Problem.CUT_OFF: "cut off",
    Problem.EMPTY: "empty",
    Problem.TOO_LONG: "too long",
    Problem.UNLIKE: "unlike the others",
    Problem.DUPLICATE: "duplicate",
}
"""The problems of a take in a word or two; the whole sentence is shown for the selected take."""

Page = list[list[Run]]


@dataclass(slots=True)
class Mark:
    """The selected take, which keys act on."""

    word: int = -1
    """Number of its word; -1 is the row that trains."""
    take: int | None = None
    """Number among the takes of the word; ``None`` for the newest."""

    def of(self, session: TeachingSession) -> tuple[str, int] | None:
        """Return the word and the number of the take; ``None`` if there is no such take."""
        if self.word < 0:
            return None
        word = session.words[min(self.word, len(session.words) - 1)]
        count = len(session.examples.takes[word])
        if not count:
            return None
        return word, count - 1 if self.take is None else min(self.take, count - 1)


def bar(look: Look, part: float, style: Style) -> list[Run]:
    """Return a bar that is filled to a fraction from 0 to 1."""
    filled = round(min(1.0, max(0.0, part)) * BAR_CELLS)
    return [(look.marks.full * filled, style), (look.marks.empty * (BAR_CELLS - filled), look.dim)]


def level(look: Look, session: TeachingSession) -> list[Run]:
    """Return the current level as a meter."""
    return [("level  ", look.dim), *bar(look, meter_part(session.level_db), look.good)]


def room_page(look: Look, session: TeachingSession) -> Page:
    """Return the page shown while the room is recorded."""
    left = max(0.0, session.room_left_s)
    return [
        [(f"Stay silent for {left:.0f} s: the game records your room.", look.text)],
        [],
        [("time   ", look.dim), *bar(look, left / session.room_s, look.accent)],
        level(look, session),
    ]


def words_page(look: Look, session: TeachingSession, mark: Mark, width: int, height: int) -> Page:
    """Return the page shown while a word is recorded: its takes so far, each with its problems and its spectrogram."""
    count = len(session.examples.takes[session.word])
    state = "recording" if session.speaking else f"take {count + 1} of {session.asked_for}"
    page: Page = [
        [
            (f"{session.number}/{len(session.words)}  say  ", look.text),
            (printable(session.word), look.accent),
            (f"   {state}, whenever you are ready", look.dim),
        ],
        level(look, session),
        [],
    ]
    marked = mark.of(session)
    at = None if marked is None else marked[1]
    below = _about_mark(look, session, marked, width)
    room = max(1, (height - len(page) - len(below) - 1) // TAKE_ROWS)
    first = 0 if at is None else max(0, min(at - room // 2, count - room))
    for number in range(first, min(count, first + room)):
        page += _take(look, session, number, width, marked=number == at)
    return [*page, *([[]] if below else []), *below]


def _about_mark(look: Look, session: TeachingSession, marked: tuple[str, int] | None, width: int) -> Page:
    """Return sentences: why the last sound was not a take, or the problems of the selected take."""
    if session.refused is not None:
        said = " ".join(problem.value for problem in session.refused.problems)
        return _sentences(look, f"That was not a take: {said}", width)
    if marked is None:
        return []
    return [row for problem in session.problems(*marked) for row in _sentences(look, problem.value, width)]


def ready_page(look: Look, session: TeachingSession, mark: Mark, width: int, height: int) -> Page:
    """Return the page shown before training: the takes of all words, and details of the selected one."""
    marked = mark.of(session)
    here = look.marks.selected
    chosen = mark.word < 0
    takes = counted(session.count, "take")
    page: Page = [
        [
            (f"{here if chosen else ' '} ", look.warn),
            ("train", look.good if chosen else look.text),
            (f"   {takes} of {counted(len(session.words), 'word')}", look.dim),
        ]
    ]
    longest = max(len(printable(word)) for word in session.words)
    for word in session.words:
        here_now = marked is not None and marked[0] == word
        runs: list[Run] = [
            (f"{here if here_now else ' '} ", look.warn),
            (f"{printable(word):<{longest}}  ", look.good if here_now else look.text),
        ]
        for number in range(len(session.examples.takes[word])):
            wrong = bool(session.problems(word, number))
            sign = "!" if wrong else look.marks.heard
            style = look.warn if wrong else look.good
            inside = here_now and marked is not None and marked[1] == number
            runs.append((f"[{sign}]" if inside else f" {sign} ", style))
        page.append(_cut(runs, width))
    page.append([])
    if marked is None:
        return [*page, *_everything_wrong(look, session, width)][:height]
    word, number = marked
    below = _about_mark(look, session, marked, width)
    rows = max(2, min(TALLEST, height - len(page) - len(below) - 1))
    take = session.examples.takes[word][number]
    good = "" if session.problems(word, number) else "  good"
    title = f"{printable(word)}, take {number + 1} of {len(session.examples.takes[word])}:  {_figures(take)}"
    page.append([(title, look.text), (good, look.good)])
    page += _picture(look, take, min(width, WIDEST), rows)
    return [*page, *below]


def _everything_wrong(look: Look, session: TeachingSession, width: int) -> Page:
    page: Page = []
    for word in session.words:
        for number in range(len(session.examples.takes[word])):
            for problem in session.problems(word, number):
                page += _sentences(look, f"{printable(word)}, take {number + 1}: {problem.value}", width)
    return page or [[("There are no problems with the takes.", look.dim)]]


def training_page(look: Look, session: TeachingSession) -> Page:
    """Return the page with the progress of the training."""
    progress = session.training
    known = "" if progress.accuracy is None else f"{progress.accuracy:.0%} right"
    return [
        [("Training", look.text)],
        [],
        [("done      ", look.dim), *bar(look, progress.part, look.accent)],
        [("loss      ", look.dim), (f"{progress.loss:.3f}" if progress.loss else "", look.text)],
        [("held out  ", look.dim), (known, look.text)],
        [("left      ", look.dim), (f"{progress.seconds_left:.0f} s" if progress.seconds_left else "", look.text)],
        [],
        [("You can close this screen: training continues.", look.dim)],
    ]


def result_page(look: Look, result: Result, trial: Trial, width: int) -> Page:
    """Return the page with the evaluation of the set, live bars to try the words, and advice."""
    right = (
        f"{result.accuracy:.0%} of held-out takes are right, {result.heard:.0%} reach the threshold of {result.threshold:.2f}."
    )
    assumed = f"Estimate: {result.false_an_hour:.1f} false moves in an hour of other speech (3 are acceptable)."
    page = [[(line, look.text)] for text in (result.compared or right, assumed) for line in _wrap(text, width - 1)]
    if not result.saved:
        said = (
            "This is no better than the shipped words, so they stay in use and the new head is not saved. More takes may help."
        )
        return [*page, [], *_sentences(look, said, width)]
    page += [[("Saved and in use. ", look.good), ("Try it: say the words.", look.accent)], []]
    page += [*trial_rows(look, result, trial, width), []]
    for line in result.advice:
        page += _sentences(look, line, width)
    return page


def trial_rows(look: Look, result: Result, trial: Trial, width: int) -> Page:
    """Return a row for each word: its current score, and its row of the confusion matrix of held-out takes."""
    names = [printable(word) for word in result.words]
    first = min(12, max(len(name) for name in names))
    room = width - first - 1
    across = max(4, min(COLUMN, (room - 26) // max(1, len(names))))
    cells = max(6, min(BAR_CELLS, room - across * len(names) - 10))
    heads = [f"{name[: across - 1]:>{across}}" for name in names]
    page: Page = [
        [(line, look.dim)] for line in _wrap("held-out takes: spoken word (rows) and detected word (columns)", width - 1)
    ]
    page.append([(" " * (first + 1), look.dim), (f"{'score now':<{cells + 10}}", look.dim), ("".join(heads), look.dim)])
    tick = min(cells - 1, int(result.threshold * cells))
    for row, (word, name, counts) in enumerate(zip(result.words, names, result.confusion, strict=True)):
        score = trial.scores.get(word, 0.0)
        filled = min(cells, round(score * cells))
        bar_text = look.marks.full * filled + look.marks.empty * (cells - filled)
        style = look.good if score >= result.threshold else look.accent
        runs: list[Run] = [
            (f"{name[:first]:<{first}} ", look.good if trial.last == word else look.text),
            (bar_text[:tick], style),
            (look.marks.tick, look.warn),
            (bar_text[tick + 1 :], style),
            (f" {f'{score:.2f}' if score >= 0.05 else '':<4}", look.dim),
            (f" {f'x{trial.heard[word]}' if trial.heard.get(word) else '':<4}", look.good),
        ]
        for column, count in enumerate(counts):
            style = look.good if row == column else look.warn if count else look.dim
            runs.append((f"{count:>{across}}", style))
        page.append(runs)
    return page


def _take(look: Look, session: TeachingSession, number: int, width: int, *, marked: bool) -> Page:
    take = session.examples.takes[session.word][number]
    problems = session.problems(session.word, number)
    sign = look.marks.missed if problems else look.marks.heard
    said = SHORT[problems[0]] if problems else "good"
    here = look.marks.selected if marked else " "
    picture = _picture(look, take, max(8, min(WIDEST, width - LEFT - 1)), TAKE_ROWS)
    left: Page = [
        [
            (f"{here} ", look.warn),
            (f"{number + 1:2} {sign} ", look.warn if problems else look.good),
            (f"{said:<{LEFT - 7}}"[: LEFT - 7], look.warn if problems else look.dim),
        ],
        [(f"       {_figures(take):<{LEFT - 7}}", look.dim)],
    ]
    return [[*text, *drawn] for text, drawn in zip(left, picture, strict=True)]


def _figures(take: Take) -> str:
    return f"{take.seconds:.2f} s {take.level_db:4.0f} dB"


def _picture(look: Look, take: Take, columns: int, rows: int) -> Page:
    return draw_columns(look, spectrogram(take, columns, bands_for(look, rows)), rows)


def _cut(runs: list[Run], width: int) -> list[Run]:
    """Return as many runs as fit."""
    out, used = list[Run](), 0
    for text, style in runs:
        used += len(text)
        if used > width:
            break
        out.append((text, style))
    return out


def _sentences(look: Look, text: str, width: int) -> Page:
    return [[("  " if n else "! ", look.warn), (line, look.text)] for n, line in enumerate(_wrap(text, width - 3))]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text, 400), max(20, width))


def said_rows(text: str, width: int, style: Style) -> Page:
    """Return a text as rows, wrapped to a width."""
    return [[(line, style)] for line in textwrap.wrap(printable(text, 600), max(20, width - 1))]


def key_rows(look: Look, keys: str, width: int) -> Page:
    """Return the keys as rows of ``key: action``, without a line break inside of one."""
    rows, left = list[str](), 0
    for each in keys.split("   "):
        if rows and len(each) + 3 <= left:
            rows[-1] += f"   {each}"
        else:
            rows.append(each)
        left = width - len(rows[-1])
    return [[(row, look.dim)] for row in rows]


def fill(rows: Rows, page: Page) -> None:
    """Show a page, and remove the rows below it."""
    for y, runs in enumerate(page):
        rows.put(y, runs)
    rows.truncate(len(page))


def session_page(look: Look, session: TeachingSession, mark: Mark, trial: Trial, size: tuple[int, int]) -> Page:
    """Return the page of the current stage, for a panel of a size in columns and rows."""
    width, height = size
    match session.stage:
        case "room":
            return room_page(look, session)
        case "words":
            return words_page(look, session, mark, width, height)
        case "ready":
            return ready_page(look, session, mark, width, height)
        case "training":
            return training_page(look, session)
        case "done" if session.result is not None:
            return result_page(look, session.result, trial, width)
        case _:
            return said_rows(session.problem, width, look.warn)
