"""The page of the teaching screen after the training: how good the set is, bars to try it by, and what to do about it."""

from __future__ import annotations

from rich.cells import cell_len

from voicetrail.teaching.outcome import Comparison, TeachingResult
from voicetrail.text import printable
from voicetrail.ui.style.look import Look
from voicetrail.ui.teaching.page_rows import BAR, Page, fitted, sentences, wrap
from voicetrail.ui.teaching.trial import Trial
from voicetrail.ui.widgets.rows import Run

COLUMN = 12
"""Widest column of the table of confusions."""
MISTAKES = 3
"""Takes that were taken for another word, of which each is named."""


def result_page(look: Look, result: TeachingResult, trial: Trial, width: int) -> Page:
    """How good the set is, bars that move as the words are said, and what to do about it."""
    if result.compared is not None:
        page = comparison_rows(look, result.compared, width)
    else:
        right = (
            f"{result.accuracy:.0%} of held-out takes are right, {result.heard:.0%} reach the threshold of "
            f"{result.threshold:.2f}. At most three false moves in an hour of other people's talk are allowed, and "
            f"{result.false_an_hour:.1f} are expected."
        )
        page = [[(line, look.text)] for line in wrap(right, width - 1)]
    if not result.saved:
        return page + rejected_rows(look, result, width)
    page += [[("Saved and in use. ", look.good), ("Try it: say the words.", look.accent)], []]
    page += [*trial_rows(look, result, trial, width), []]
    for mistake in result.mistakes[:MISTAKES]:
        said = (
            f"Take {mistake.number + 1} of {mistake.word} was taken for {mistake.taken_for}: hear it (b), and do it over if it "
            "is another word."
        )
        page += sentences(look, said, width)
    for line in result.advice:
        page += sentences(look, line, width)
    return page


def comparison_rows(look: Look, compared: Comparison, width: int) -> Page:
    """The shipped words before and after, and why the result is kept or not."""
    wide = width >= 64
    heads = ("as they ship", "in your voice") if wide else ("shipped", "yours")
    room = max(len(head) for head in heads) + 2
    first = min(44, width - 2 * room - 1)

    def row(label: str, before: str, after: str, better: bool | None) -> list[Run]:
        style = look.text if better is None else look.good if better else look.warn
        return [(f"{label[:first]:<{first}}", look.text), (f"{before:>{room}}", look.text), (f"{after:>{room}}", style)]

    heard, false = compared.heard, compared.false_an_hour
    page: Page = [
        [(" " * first, look.dim), *((f"{head:>{room}}", look.dim) for head in heads)],
        row(
            f"heard of {compared.takes} held-out takes" if not wide else f"heard of {compared.takes} takes that were held out",
            f"{heard[0]:.0%}",
            f"{heard[1]:.0%}",
            None if heard[0] == heard[1] else heard[1] > heard[0],
        ),
        row(
            "false moves an hour" if not wide else "false moves in an hour of other talk",
            f"{false[0]:.1f}",
            f"{false[1]:.1f}",
            None if f"{false[0]:.1f}" == f"{false[1]:.1f}" else false[1] < false[0],
        ),
        row("score of the right word", "", f"{compared.higher:+.1f}", compared.higher > 0),
        [],
    ]
    return page


def rejected_rows(look: Look, result: TeachingResult, width: int) -> Page:
    """Why what was made is not kept, and what to do."""
    reason = "" if result.compared is None else f": {result.compared.reason}"
    said = (
        f"It is not saved{reason}. The shipped words stay in use, and your takes are saved: more of them may help (b, then a)."
    )
    return sentences(look, said, width)


def trial_rows(look: Look, result: TeachingResult, trial: Trial, width: int) -> Page:
    """A row a word: its score now, and for what its held-out takes were taken."""
    names = [printable(word) for word in result.words]
    first = min(12, max(cell_len(name) for name in names))
    room = width - first - 1
    across = max(4, min(COLUMN, (room - 26) // max(1, len(names))))
    cells = max(6, min(BAR, room - across * len(names) - 10))
    heads = [" " + fitted(name, across - 1, right=True) for name in names]
    page: Page = [
        [(line, look.dim)] for line in wrap("held-out takes: spoken word (rows) and detected word (columns)", width - 1)
    ]
    page.append([(" " * (first + 1), look.dim), (f"{'score now':<{cells + 10}}", look.dim), ("".join(heads), look.dim)])
    tick = min(cells - 1, int(result.threshold * cells))
    for row, (word, name, counts) in enumerate(zip(result.words, names, result.confusion, strict=True)):
        score = trial.scores.get(word, 0.0)
        filled = min(cells, round(score * cells))
        bar_text = look.marks.full * filled + look.marks.empty * (cells - filled)
        style = look.good if score >= result.threshold else look.accent
        runs: list[Run] = [
            (f"{fitted(name, first)} ", look.good if trial.last == word else look.text),
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
