"""Best scores by mode, streak, calendar of the last weeks, accuracy of each word; on a host also the table of the day."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from voicetrail.game.share import time_text
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.host_table import host_of
from voicetrail.play.progress import counted_days, today
from voicetrail.scores.rows import ScoreRow
from voicetrail.scores.shared.table import ROWS
from voicetrail.scores.statistics import Streak, Week, WordAccuracy, calendar, streak, weekly_accuracy
from voicetrail.text import counted
from voicetrail.ui.base.spoken_screen import SpokenScreen
from voicetrail.ui.messages import LeaveRequested
from voicetrail.ui.widgets.day_table import day_rows, follow_table
from voicetrail.ui.widgets.hint_line import HintLine
from voicetrail.ui.widgets.rows import Rows, Run

KEYS: tuple[Action, ...] = (Action("leave", ("escape", "q", "ctrl+q"), "Back", "Go back.", "Screens"),)
WEEKS = 8
ACCURACY_CELLS = 10
TABLE_EVERY_S = 5.0
"""Time between two requests for the host's table, in s."""
DAYS = "MTWTFSS"


class ScoresScreen(SpokenScreen):
    """The scores. Up and down scroll if the page does not fit.

    Args:
        context: the session.
    """

    DEFAULT_CSS = """
    ScoresScreen #rows { height: 1fr; }
    """

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context, KEYS)
        self.lines = Rows(id="rows")
        self.hints = HintLine((("up down", "scroll", ""), ("left", "goes back", "say('left')")), id="hints")
        self._top = 0
        self._page: list[list[Run]] = []
        self._end_following: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """The page and the last lines."""
        with Vertical(id="page"):
            yield self.lines
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Load the scores."""
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        """Unsubscribe from the host's table."""
        if self._end_following is not None:
            self._end_following()

    def _begin(self) -> None:
        if (host := host_of(self.context.scores)) is not None:
            self._end_following = follow_table(self, self.context, today())
            # Other visitors may play at the same time.
            self.set_interval(TABLE_EVERY_S, lambda: host.request(today()))
        self._look_up()

    def on_table_arrived(self) -> None:
        """Show the table that the host sent."""
        self._look_up()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the new size (Textual calls the ``on_resize`` of every base class too)."""
        self.call_after_refresh(self._show)

    def _look_up(self) -> None:
        scores, profile = self.context.scores, self.context.profile
        look = self.lines.look
        if scores is None:
            self._page = [[("scores are not saved in this game", look.dim)]]
        else:
            rows, now = list(scores.rows(profile=profile)), today()
            self._page = self._compose_page(
                scores.bests(profile=profile),
                streak(counted_days(scores, profile), now),
                calendar(rows, now, WEEKS),
                weekly_accuracy(rows, now, WEEKS),
            )
            if not rows:
                self._page = [[("You have not played yet. Your best scores will appear here.", look.dim)]]
            if scores.host is not None:
                self._page = [*day_rows(scores.host.table, look, ROWS), [], *self._page]
        self._show()

    def _compose_page(
        self, bests: list[ScoreRow], days: Streak, weeks: list[Week], words: list[WordAccuracy]
    ) -> list[list[Run]]:
        look = self.lines.look
        text, dim, accent, good = look.text, look.dim, look.accent, look.good
        page: list[list[Run]] = [[("Bests", accent)]]
        longest = max((len(row.group) for row in bests), default=0)
        for row in bests:
            level = f"{row.group or '-':<{longest}}  "
            taken = f"{counted(row.words, 'word'):>9} in {time_text(row.time_ms)}"
            page.append([(f"{row.mode:<8}{level}", text), (f"{row.score:>5}  ", good), (f"{row.medal:<7}{taken}", dim)])
        played = "finished today" if days.today else "not finished today"
        page += [
            [],
            [("Streak  ", accent), (f"{counted(days.now, 'day')}; the longest was {counted(days.longest, 'day')}", text)],
        ]
        page += [[("Daily maze  ", accent), (played, text)], []]
        page.append([("Rounds by day  ", accent), (f"the last {WEEKS} weeks, this one on the right", dim)])
        for day in range(7):
            counts = [week.rounds[day] for week in weeks]
            cells = "".join("    " if count < 0 else f"{count or look.marks.missed:>4}" for count in counts)
            page.append([(f"{DAYS[day]} ", dim), (cells, text)])
        page += [[], [("Accuracy by word  ", accent), ("spoken words only, the worst first", dim)]]
        for word in words:
            bar = look.bar(word.accuracy, ACCURACY_CELLS)
            said = counted(word.count.heard, "time")
            page.append(
                [(f"{word.word:<10}", text), (f"{bar:<{ACCURACY_CELLS}}", good), (f" {word.accuracy:>4.0%}  of {said}", dim)]
            )
        if not words:
            page.append([("no word was said in a round yet", dim)])
        return page

    def _show(self) -> None:
        height = self.lines.size.height
        self._top = max(0, min(self._top, len(self._page) - height))
        shown = self._page[self._top : self._top + height]
        for y, runs in enumerate(shown):
            self.lines.put(y, runs)
        self.lines.truncate(len(shown))

    def on_direction(self, direction: Direction) -> None:
        """Scroll, or go back."""
        match direction:
            case "up" | "down":
                self._top += -5 if direction == "up" else 5
                self._show()
            case "left":
                self.action_leave()
            case "right":
                pass

    def action_leave(self) -> None:
        """Go back."""
        self.post_message(LeaveRequested())
