"""The result of a round, and the choice of what to do next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from voicetrail.game.share import time_text
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.host_table import host_of
from voicetrail.play.rounds.outcome import Outcome, next_level
from voicetrail.play.rounds.setups import same_again
from voicetrail.text import counted
from voicetrail.ui.base.spoken_screen import SpokenScreen
from voicetrail.ui.messages import RoundRequested, TitleRequested
from voicetrail.ui.style.thumbnail import thumbnail
from voicetrail.ui.widgets.hint_line import Hint, HintLine
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.wrap import wrapped

KEYS: tuple[Action, ...] = (
    Action("leave", ("escape", "q", "ctrl+q"), "Title", "Go to the title.", "Screens"),
    Action("hint", ("h", "?"), "Better way", "Show a better way to play this round.", "Screens"),
    Action("calibrate", ("k",), "Calibrate", "Set thresholds and gain for your voice.", "Screens"),
)
MEDALS = {"gold": "gold medal", "silver": "silver medal", "bronze": "bronze medal", "": ""}
TABLE_ROWS = 5
"""Rows of the table of the day."""
LABEL = 14
"""Width of the labels, in columns."""


class ResultScreen(SpokenScreen):
    """Shows score, medal, time, word counts, a small picture, the best score, and what the words do here.

    Args:
        context: the session.
        outcome: the outcome of the round.
    """

    is_replaced = True
    DEFAULT_CSS = """
    ResultScreen #figures { width: 1fr; height: 1fr; }
    ResultScreen #picture { width: 24; height: 1fr; display: none; }
    ResultScreen.-roomy #picture { display: block; }
    ResultScreen #better { height: auto; max-height: 3; }
    """

    def __init__(self, context: SessionContext, outcome: Outcome) -> None:
        super().__init__(context, KEYS)
        self.outcome = outcome
        self.next = next_level(outcome.rules.setup)
        """The setup of the next level; ``None`` if there is none."""
        self.figures = Rows(id="figures")
        self.picture = Rows(id="picture")
        self.better = Rows(id="better")
        self.hints = HintLine(self._hints(), id="hints")
        self._end_following: Callable[[], None] | None = None

    def _hints(self) -> tuple[Hint, ...]:
        up: tuple[Hint, ...] = (("up", "next level", "say('up')"),) if self.next is not None else ()
        hint: tuple[Hint, ...] = (("h", "better way", "hint"),) if self.outcome.rules.hint() else ()
        return (
            ("right", "again", "say('right')"),
            *up,
            ("down", "share", "say('down')"),
            ("left", "title", "say('left')"),
            *hint,
        )

    def compose(self) -> ComposeResult:
        """The values, the picture, and the last lines."""
        with Vertical(id="page"):
            with Horizontal():
                yield self.figures
                yield self.picture
            yield self.better
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Show the result; for a daily maze on a host also the table of the day."""
        if self.outcome.rules.setup.day:
            from voicetrail.ui.widgets.day_table import follow_table

            self._end_following = follow_table(self, self.context, date.fromisoformat(self.outcome.rules.setup.day))
        self.call_after_refresh(self.show)

    def on_unmount(self) -> None:
        """Unsubscribe from the host's table."""
        if self._end_following is not None:
            self._end_following()

    def on_table_arrived(self) -> None:
        """Show the host's table, or the reason why the result does not count."""
        self.show()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the new size (Textual calls the ``on_resize`` of every base class too)."""
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Rebuild the rows."""
        rows = wrapped(self._figures(), self.figures.size.width or 80)
        for y, runs in enumerate(rows):
            self.figures.put(y, runs)
        self.figures.truncate(len(rows))
        look = self.picture.look
        width, height = self.picture.size
        picture = thumbnail(self.outcome.rules, width, height, ascii_only=look.ascii_only) if width and height else []
        for y, text in enumerate(picture):
            self.picture.put(y, [(text, look.trail)])
        self.picture.truncate(len(picture))

    def _figures(self) -> list[list[Run]]:
        outcome, look = self.outcome, self.figures.look
        result, rules = outcome.result, outcome.rules
        title = " ".join(part for part in (result.mode.capitalize(), result.level) if part)
        rows: list[list[Run]] = [
            [(title, look.accent)],
            [(rules.headline, look.good if result.won else look.text)],
            [],
            [
                ("score ", look.dim),
                (f"{result.score}", look.good),
                ("  ", look.text),
                (MEDALS[result.medal], look.warn),
                (self._best(), look.text),
            ],
            [],
        ]
        words = counted(result.words, "word") + (f", par {result.par}" if result.par is not None else "")
        figures = [("time", time_text(result.time_ms)), ("words", words)]
        # Words that moved nothing are already included in the wrong words.
        figures += [(label, f"{value}") for label, value in result.details.items() if label != "moved nothing"]
        figures.append(("wrong words", f"{result.wrong}"))
        figures.append(("near misses", f"{outcome.near_misses}"))
        if outcome.recorded:
            figures.append(("recorded as", outcome.recorded))
        rows += [[(f"{label:<{LABEL}}", look.dim), (value, look.text)] for label, value in figures]
        if not result.finished:
            rows.append([("you left the round early, so it does not count", look.dim)])
        elif not outcome.counts:
            rows.append([("only your first try at a daily maze counts", look.dim)])
        if outcome.problem:
            rows.append([("! ", look.warn), (outcome.problem, look.text)])
        rows += self._of_host()
        if outcome.misheard:
            words = " and ".join(outcome.misheard[:2])
            rows += [[], [("! ", look.warn), (f"{words} was often misheard; press k to calibrate", look.text)]]
        return rows

    def _of_host(self) -> list[list[Run]]:
        """Return the table of the day, or the reason why the result is not in it; nothing outside of a host."""
        host, look = host_of(self.context.scores), self.figures.look
        if host is None:
            return []
        rows: list[list[Run]] = []
        if host.problem:
            rows.append([("! ", look.warn), (host.problem, look.text)])
        if day := self.outcome.rules.setup.day:
            from voicetrail.ui.widgets.day_table import day_rows

            table = host.table if host.table is not None and host.table.day.isoformat() == day else None
            rows += [[], *day_rows(table, look, TABLE_ROWS)]
        return rows

    def _best(self) -> str:
        outcome = self.outcome
        if outcome.is_best:
            before = "" if outcome.best_before is None else f" (before: {outcome.best_before})"
            return f"  your best{before}"
        return "" if outcome.best_before is None else f"  best so far: {outcome.best_before}"

    def on_direction(self, direction: Direction) -> None:
        """Play again, play the next level, share, or go to the title."""
        match direction:
            case "right":
                self.post_message(RoundRequested(same_again(self.outcome.rules.setup, self.context.settings)))
            case "up" if self.next is not None:
                self.post_message(RoundRequested(self.next))
            case "down":
                from voicetrail.ui.screens.share import ShareScreen

                self.app.push_screen(ShareScreen(self.context, self.outcome))
            case "left":
                self.post_message(TitleRequested())
            case _:
                pass

    def action_leave(self) -> None:
        """Go to the title."""
        self.post_message(TitleRequested())

    def action_hint(self) -> None:
        """Show a better way to play this round."""
        look = self.better.look
        text = self.outcome.rules.hint() or "there is no better way"
        for y, runs in enumerate(wrapped([[(text, look.accent)]], self.better.size.width or 80)):
            self.better.put(y, runs)
