"""The pages of the teaching screen up to the training, as rows of styled text (``results`` has what comes after it)."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from voicetrail.events import meter_part
from voicetrail.teaching.collecting.picture import spectrogram
from voicetrail.teaching.session import TeachingSession
from voicetrail.teaching.takes import Take, TakeProblem
from voicetrail.text import counted, printable
from voicetrail.ui.style.look import Look
from voicetrail.ui.teaching.page_rows import Page, bar, cut, fitted, sentences
from voicetrail.ui.teaching.results import result_page
from voicetrail.ui.teaching.trial import Trial
from voicetrail.ui.widgets.listening.spectrogram import bands_for, draw_columns
from voicetrail.ui.widgets.rows import Run

LEFT = 23
"""Columns of the description of a take, left of its spectrogram."""
TAKE_ROWS = 2
WIDEST = 48
"""Maximum width of a spectrogram, in columns."""
TALLEST = 6
"""Rows of the spectrogram of the take at the mark."""
SHORT = {
    TakeProblem.CLIPPED: "clipped",
    TakeProblem.QUIET: "too quiet",
    TakeProblem.NOISY: "noisy",
    TakeProblem.CUT_OFF: "cut off",
    TakeProblem.EMPTY: "empty",
    TakeProblem.TOO_LONG: "too long",
    TakeProblem.OTHER: "another word?",
    TakeProblem.UNLIKE: "unlike the others",
    TakeProblem.DUPLICATE: "duplicate",
}
"""The problems of a take in a word or two; the whole sentence is shown for the selected take."""


@dataclass(slots=True)
class SelectedTake:
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


def words_page(look: Look, session: TeachingSession, mark: SelectedTake, width: int, height: int) -> Page:
    """Return the page shown while a word is recorded: its takes so far, each with its problems and its spectrogram."""
    count = len(session.examples.takes[session.word])
    state = "recording" if session.speaking else f"take {count + 1} of {session.asked_for}"
    more = ", whenever you are ready" if count else ": say it once, and wait until it stands here"
    page: Page = [
        [
            (f"{session.number}/{len(session.words)}  say  ", look.text),
            (printable(session.word), look.accent),
            (f"   {state}{more}", look.dim),
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
        return sentences(look, f"That was not a take: {said}", width)
    if marked is None:
        return []
    return [row for problem in session.problems(*marked) for row in sentences(look, problem.value, width)]


def ready_page(look: Look, session: TeachingSession, mark: SelectedTake, width: int, height: int) -> Page:
    """Return the page shown before training: the takes of all words, and details of the selected one."""
    marked = mark.of(session)
    here = look.marks.selected
    chosen = mark.word < 0
    takes = counted(session.count, "take")
    page: Page = [
        [
            (f"{here if chosen else ' '} ", look.warn),
            ("train", look.good if chosen else look.text),
            (f"   {takes} of {counted(len(session.words), 'word')}; it takes some seconds", look.dim),
        ]
    ]
    longest = max(cell_len(printable(word)) for word in session.words)
    for word in session.words:
        here_now = marked is not None and marked[0] == word
        runs: list[Run] = [
            (f"{here if here_now else ' '} ", look.warn),
            (f"{fitted(printable(word), longest)}  ", look.good if here_now else look.text),
        ]
        for number in range(len(session.examples.takes[word])):
            wrong = bool(session.problems(word, number))
            sign = "!" if wrong else look.marks.heard
            style = look.warn if wrong else look.good
            inside = here_now and marked is not None and marked[1] == number
            runs.append((f"[{sign}]" if inside else f" {sign} ", style))
        page.append(cut(runs, width))
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
                page += sentences(look, f"{printable(word)}, take {number + 1}: {problem.value}", width)
    return page or [[("There are no problems with the takes. Right, or enter, trains.", look.dim)]]


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


def session_page(look: Look, session: TeachingSession, mark: SelectedTake, trial: Trial, size: tuple[int, int]) -> Page:
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
            return sentences(look, session.problem, width)
