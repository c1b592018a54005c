"""Calibration: record the room, then each word a few times, and propose thresholds and gain."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from voicetrail.calibration import VERDICT_TEXT, CalibrationProposal, Plan
from voicetrail.errors import SettingsError
from voicetrail.events import METER_BEGIN_DB, Level, Scores, SourceEnded, SourceLost, meter_part
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.play.tuning.calibration import NO_ANSWER, Calibration
from voicetrail.text import printable
from voicetrail.ui.app_protocol import game_app_of, look_of
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.wrap import wrap_text, wrapped

METER_CELLS = 30
COUNTDOWN_S = 0.2
"""Time between two updates of the countdown, in s."""
SHOWN_ANSWERS = 6
"""Number of answers that stay visible."""


class CalibrateScreen(SpokenDialog):
    """Listens in over another screen; meanwhile words move nothing.

    Args:
        context: the session.
        plan: the prompts and durations; ``None`` makes the plan from the recognizer's words.
    """

    DEFAULT_CSS = """
    CalibrateScreen > #frame { width: 90; max-width: 98%; height: 24; max-height: 100%; }
    CalibrateScreen #lines { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("enter", "go_on", "Continue"),
        Binding("r", "again", "Again"),
    ]

    def __init__(self, context: SessionContext, plan: Plan | None = None) -> None:
        super().__init__(context)
        self._plan = plan
        self._level = METER_BEGIN_DB
        self._problem = ""
        self.calibration: Calibration | None = None
        """The current calibration, or the last one."""
        self.taken = False

    def compose(self) -> ComposeResult:
        """The frame with the lines of the current stage."""
        with Vertical(id="frame") as frame:
            frame.border_title = "calibration"
            yield Rows(id="lines")

    def on_mount(self) -> None:
        """Subscribe to updates and show the first page."""
        if self.controlled_by_words:
            self.query_one("#frame").border_title = "calibration · right begins, left closes"
        game_app_of(self).updates.subscribe(self, self._take_updates)
        self.set_interval(COUNTDOWN_S, self._show)
        self.call_after_refresh(self._show)

    @property
    def accepts_words(self) -> bool:
        """Words press no keys while they are measured."""
        return super().accepts_words and (self.calibration is None or self.proposal is not None or bool(self._problem))

    def key_of(self, direction: Direction) -> str | None:
        """Return the key of a word; after a problem *right* restarts the calibration."""
        return "r" if self._problem and direction == "right" else super().key_of(direction)

    def on_resize(self) -> None:
        """Fit the new size."""
        self.call_after_refresh(self._show)

    @property
    def proposal(self) -> CalibrationProposal | None:
        """The proposal, once every word was said."""
        return None if self.calibration is None else self.calibration.proposal

    def action_go_on(self) -> None:
        """Begin, apply the proposal, or close if there is nothing left to do."""
        if self.calibration is None:
            self._begin()
        elif self.proposal is not None:
            if self.proposal.changes and not self.taken:
                self._take(self.proposal)
            else:
                self.dismiss()

    def action_again(self) -> None:
        """Restart the calibration."""
        if self.proposal is not None or self._problem:
            self._begin()

    def _begin(self) -> None:
        worker, tuner = self.context.worker, self.context.tuner
        if self.context.settings.values.source == "demo":
            self._problem = NO_ANSWER
            self._show()
            return
        recognizer = worker.recognizer if worker is not None else None
        detector, shipped = tuner.detector, tuner.shipped
        if recognizer is None or detector is None or shipped is None:
            self._problem = "the recognizer is still loading; press r in a moment"
            self._show()
            return
        self._problem, self.taken = "", False
        if self.controlled_by_words:
            self.query_one("#frame").border_title = "calibration · right continues, left closes"
        self.calibration = Calibration(
            recognizer.labels,
            recognizer.meanings,
            # A remote recognizer does not describe its weights.
            getattr(recognizer, "about", {}),
            shipped,
            detector,
            self.context.settings.values.gain,
            self._plan,
        )
        self._show()

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        for item in updates:
            if isinstance(item, Level):
                self._level = item.rms_db
            if self.calibration is not None and isinstance(item, Level | Scores | SourceLost | SourceEnded):
                measured = self.proposal is not None
                self.calibration.feed(item)
                if (self.proposal is not None) != measured:
                    # The last word of the calibration is not an answer to the proposal.
                    self.grace.begin()
                if self.calibration.problem:
                    self._problem = f"calibration stopped: {self.calibration.problem}; press r to restart it"
        self._show()

    def _take(self, proposal: CalibrationProposal) -> None:
        try:
            self.context.settings.set_all(proposal.settings)
        except SettingsError as error:
            self._problem = str(error)
        self.taken = True
        self._show()

    def _show(self) -> None:
        lines = self.query_one("#lines", Rows)
        if not lines.size.width:
            return
        shown = wrapped(self._page(), lines.size.width)
        self.query_one("#frame").border_subtitle = self._keys()
        for y, runs in enumerate(shown):
            lines.put(y, runs)
        lines.truncate(len(shown))

    def _keys(self) -> str:
        """Return the keys that can be pressed now."""
        if self._problem:
            return "r: restart   esc: close"
        if self.proposal is not None:
            return f"{'enter: apply    ' if self.proposal.changes and not self.taken else ''}r: restart   esc: close"
        return "enter: begin   esc: close" if self.calibration is None else "esc: close"

    def _page(self) -> list[list[Run]]:
        look = look_of(self)
        if self._problem:
            return [*self._warning(self._problem), [], self._meter()]
        if self.proposal is not None:
            return self._proposal_page(self.proposal)
        if self.calibration is not None:
            return self._asking_page(self.calibration)
        return [
            [("Set thresholds and gain for your voice, your microphone and this room, in under a minute.", look.text)],
            [],
            [("First stay quiet for a few seconds to record the room. Then say each word when it is asked for.", look.text)],
            [("At the end you can accept or reject the proposed values.", look.text)],
            [],
            self._meter(),
        ]

    def _asking_page(self, calibration: Calibration) -> list[list[Run]]:
        look = look_of(self)
        stage, plan = calibration.stage, calibration.plan
        if calibration.waiting:
            head: list[Run] = [("! ", look.warn), (printable(calibration.waiting), look.text)]
        elif stage.kind == "room":
            head = [("Please be quiet: listening to the room", look.text)]
        elif stage.kind == "word":
            head = [(f"{stage.number:2}/{len(plan.prompts)}  say  ", look.text), (stage.word.upper(), look.accent)]
        else:
            head = [("One moment, please", look.text)]
        total = plan.room if stage.kind == "room" else plan.slot
        marks = look.marks
        filled = round(min(1.0, stage.left / total) * METER_CELLS / 3) * 3
        page: list[list[Run]] = [
            [],
            head,
            [],
            [("time   ", look.dim), (marks.full * filled, look.accent), (marks.empty * (METER_CELLS - filled), look.dim)],
            self._meter(),
            [],
        ]
        for each in calibration.answered[-SHOWN_ANSWERS:]:
            good, answer = each.verdict == "heard", each.answer
            page.append(
                [
                    (f"{marks.heard if good else marks.missed} ", look.good if good else look.warn),
                    (f"{answer.word:<10}{answer.peak:.2f}  {answer.level_db:4.0f} dB  {VERDICT_TEXT[each.verdict]}", look.dim),
                ]
            )
        return page

    def _proposal_page(self, proposal: CalibrationProposal) -> list[list[Run]]:
        look = look_of(self)
        width = self.query_one("#lines").size.width
        page: list[list[Run]] = [[(f"room {proposal.room_db:.0f} dB, voice {proposal.speech_db:.0f} dB", look.dim)]]
        for warning in proposal.warnings:
            page += self._warning(warning)
        page.append([])
        arrow = "->" if look.marks.full == "=" else "→"
        for each in () if proposal.nothing_recognized else proposal.words:
            moved = each.proposed != each.now
            change = f"{each.now:.2f} {arrow} {each.proposed:.2f}" if moved else f"{each.now:.2f}, unchanged"
            page.append([(f"{each.word:<8}", look.text), (f"{change:<15}", look.accent if moved else look.dim)])
            if moved or self.size.height > 24:
                page += [[(f"        {line}", look.dim)] for line in wrap_text(each.reason, max(30, width - 9))]
        gain = proposal.gain
        moved = gain.proposed != gain.now
        change = f"{gain.now} {arrow} {gain.proposed} dB" if moved else f"{gain.now}, unchanged"
        page.append(
            [(f"{'gain':<8}", look.text), (f"{change:<15}", look.accent if moved else look.dim), (f"  {gain.reason}", look.dim)]
        )
        if self.taken or not proposal.changes:
            said = "applied and saved" if self.taken else proposal.summary
            page[0].append((f"    {said}", look.good))
        return page

    def _warning(self, text: str) -> list[list[Run]]:
        """Return a warning, wrapped into lines."""
        look, width = look_of(self), self.query_one("#lines").size.width
        first, *more = wrap_text(printable(text, None), max(30, width - 3)) or [""]
        return [[("! ", look.warn), (first, look.text)], *([(f"  {line}", look.text)] for line in more)]

    def _meter(self) -> list[Run]:
        look = look_of(self)
        filled = round(meter_part(self._level) * METER_CELLS)
        marks = look.marks
        return [("level  ", look.dim), (marks.full * filled, look.good), (marks.empty * (METER_CELLS - filled), look.dim)]
