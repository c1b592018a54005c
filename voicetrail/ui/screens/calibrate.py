"""Calibration: the room, each word a few times, and a proposal to take or to leave."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from voicetrail.calibration import CalibrationProposal, CalibrationRun, Plan, Verdict, propose, speech_curves
from voicetrail.errors import SettingsError
from voicetrail.events import Level, Scores, SourceEnded, SourceLost
from voicetrail.play.context import SessionContext
from voicetrail.play.updates import Update
from voicetrail.text import printable
from voicetrail.ui.host import host_of, look_of
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.vocabulary import words_that_move

SAYS: dict[Verdict, str] = {
    "heard": "heard",
    "nearly": "nearly: below its threshold",
    "another": "taken for another word",
    "quiet": "too quiet",
    "clipped": "too loud: the microphone clips",
    "not heard": "not heard",
}
METER = 30
QUIETEST = -60.0
MOVE = 0.2
"""Seconds between looks at the count-down."""
SHOWN_ANSWERS = 6
"""Last answers that stay visible."""


class CalibrateScreen(ModalScreen[None]):
    """Lies over another screen and listens in; words move nothing meanwhile.

    Args:
        context: the session.
        plan: how long each part takes; made from the recognizer's words when ``None``.
    """

    DEFAULT_CSS = """
    CalibrateScreen { align: center middle; background: $background 60%; }
    CalibrateScreen > #frame {
        width: 90; max-width: 98%; height: 24; max-height: 100%;
        border: round $primary; padding: 0 1; background: $surface;
    }
    .-ascii CalibrateScreen > #frame { border: ascii $primary; }
    CalibrateScreen #lines { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("enter", "go_on", "Go on"),
        Binding("r", "again", "Again"),
    ]

    def __init__(self, context: SessionContext, plan: Plan | None = None) -> None:
        super().__init__()
        self.context = context
        self._plan = plan
        self._level = QUIETEST
        self._problem = ""
        self._waiting = ""
        """Why no sound comes at the moment."""
        self.session: CalibrationRun | None = None
        """The calibration that is under way."""
        self.proposal: CalibrationProposal | None = None
        """What is proposed, once all was heard."""
        self.taken = False

    def compose(self) -> ComposeResult:
        """Lines that change with the stage."""
        with Vertical(id="frame") as frame:
            frame.border_title = "calibration"
            yield Rows(id="lines")

    def on_mount(self) -> None:
        """Hold words back, and listen in."""
        self.context.hold_words(True)
        host_of(self).updates.subscribe(self, self._take_updates)
        self.set_interval(MOVE, self._show)
        self.call_after_refresh(self._show)

    def on_unmount(self) -> None:
        """Let words through again."""
        self.context.hold_words(False)

    def on_resize(self) -> None:
        """The room changed."""
        self.call_after_refresh(self._show)

    def action_go_on(self) -> None:
        """Begin, or take the proposal, or leave when there is nothing more to do."""
        if self.session is None:
            self._begin()
        elif self.proposal is not None:
            if self.proposal.changes and not self.taken:
                self._take(self.proposal)
            else:
                self.dismiss()

    def action_again(self) -> None:
        """Begin again."""
        if self.proposal is not None or self._problem:
            self._begin()

    def _begin(self) -> None:
        worker, tuner = self.context.worker, self.context.tuner
        recognizer = worker.recognizer if worker is not None else None
        detector = tuner.detector
        if recognizer is None or detector is None:
            self._problem = "the recognizer is still being loaded: press enter in a moment"
            self._show()
            return
        words = words_that_move(tuner.words, recognizer.meanings)
        self._problem, self.proposal, self.taken = "", None, False
        self.session = CalibrationRun(recognizer.labels, self._plan or Plan.for_words(words), detector)
        self._show()

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        for item in updates:
            self._feed(item)
        self._show()

    def _feed(self, item: Update) -> None:
        if isinstance(item, Level):
            self._level = item.rms_db
        session = self.session
        if session is None or self.proposal is not None or self._problem:
            return
        if isinstance(item, Level | Scores | SourceLost | SourceEnded):
            session.feed(item)
        self._waiting = session.lost
        if session.broken:
            self._problem = f"calibration stopped: {session.broken}; r begins again"
        elif session.done:
            self._propose(session)

    def _propose(self, session: CalibrationRun) -> None:
        shipped, worker = self.context.tuner.shipped, self.context.worker
        assert shipped is not None
        assert worker is not None
        gain = self.context.settings.values.gain
        assert isinstance(gain, float | str)
        self.proposal = propose(session, shipped, gain, speech_curves(getattr(worker.recognizer, "about", {})))

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
        shown = self._page()
        self.query_one("#frame").border_subtitle = self._keys()
        for y, runs in enumerate(shown):
            lines.put(y, runs)
        lines.truncate(len(shown))

    def _keys(self) -> str:
        """What can be pressed now."""
        if self._problem:
            return "r: again   esc: close"
        if self.proposal is not None:
            return f"{'enter: take it   ' if self.proposal.changes and not self.taken else ''}r: again   esc: close"
        return "enter: begin   esc: close" if self.session is None else "esc: close"

    def _page(self) -> list[list[Run]]:
        look = look_of(self)
        if self._problem:
            return [[("! ", look.warn), (printable(self._problem), look.text)], [], self._meter()]
        if self.proposal is not None:
            return self._proposal_page(self.proposal)
        if self.session is not None:
            return self._asking_page(self.session)
        return [
            [("Find thresholds and gain for your voice, your microphone and this room, in under a minute.", look.text)],
            [],
            [("First be quiet for a while, as the room is when you play; then say each word when it is asked for.", look.text)],
            [("What is proposed you take or leave.", look.text)],
            [],
            self._meter(),
        ]

    def _asking_page(self, session: CalibrationRun) -> list[list[Run]]:
        look = look_of(self)
        stage = session.stage
        if self._waiting:
            head: list[Run] = [("! ", look.warn), (printable(self._waiting), look.text)]
        elif stage.kind == "room":
            head = [("Please be quiet: listening to the room", look.text)]
        elif stage.kind == "word":
            head = [(f"{stage.number:2}/{len(session.prompts)}  say  ", look.text), (" ".join(stage.word.upper()), look.accent)]
        else:
            head = [("One moment", look.text)]
        total = session.plan.room if stage.kind == "room" else session.plan.slot
        marks = look.marks
        filled = round(min(1.0, stage.left / total) * METER / 3) * 3
        page: list[list[Run]] = [
            [],
            head,
            [],
            [("time   ", look.dim), (marks.full * filled, look.accent), (marks.empty * (METER - filled), look.dim)],
            self._meter(),
            [],
        ]
        asked = stage.number - 1 if stage.kind == "word" else len(session.prompts) if stage.kind == "done" else 0
        for number in range(max(1, asked - SHOWN_ANSWERS + 1), asked + 1):
            answer, verdict = session.answers[number - 1], session.verdict(number)
            good = verdict == "heard"
            page.append(
                [
                    (f"{marks.heard if good else marks.missed} ", look.good if good else look.warn),
                    (f"{answer.word:<10}{answer.peak:.2f}  {answer.level_db:4.0f} dB  {SAYS[verdict]}", look.dim),
                ]
            )
        return page

    def _proposal_page(self, proposal: CalibrationProposal) -> list[list[Run]]:
        look = look_of(self)
        width = self.query_one("#lines").size.width
        page: list[list[Run]] = [[(f"room {proposal.room_db:.0f} dB, voice {proposal.speech_db:.0f} dB", look.dim)]]
        page += [[("! ", look.warn), (warning, look.text)] for warning in proposal.warnings]
        page.append([])
        arrow = "->" if look.marks.full == "=" else "→"
        for each in proposal.words:
            moved = each.proposed != each.now
            change = f"{each.now:.2f} {arrow} {each.proposed:.2f}" if moved else f"{each.now:.2f} stays"
            page.append([(f"{each.word:<8}", look.text), (f"{change:<15}", look.accent if moved else look.dim)])
            if moved or self.size.height > 24:
                page += [[(f"        {line}", look.dim)] for line in textwrap.wrap(each.reason, max(30, width - 9))]
        gain = proposal.gain
        moved = gain.proposed != gain.now
        change = f"{gain.now} {arrow} {gain.proposed} dB" if moved else f"{gain.now} stays"
        page.append(
            [(f"{'gain':<8}", look.text), (f"{change:<15}", look.accent if moved else look.dim), (gain.reason, look.dim)]
        )
        if self.taken or not proposal.changes:
            said = "taken, and kept for the next time" if self.taken else "nothing needs to change"
            page[0].append((f"    {said}", look.good))
        return page

    def _meter(self) -> list[Run]:
        look = look_of(self)
        filled = round(min(1.0, max(0.0, 1.0 - self._level / QUIETEST)) * METER)
        marks = look.marks
        return [("level  ", look.dim), (marks.full * filled, look.good), (marks.empty * (METER - filled), look.dim)]
