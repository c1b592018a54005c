"""A game that is being played: shows what the ears tell, what settings change, and what the session does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.worker import Worker

from voicetrail.events import (
    SAMPLE_RATE,
    Level,
    ListeningChanged,
    Ready,
    SamplesLost,
    Scores,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game import Changes, Input, SetGlideSilence, SetGlideSpeed, SetMode, SetStep
from voicetrail.keys import Action
from voicetrail.play.delay_display import DelayDisplay
from voicetrail.play.session import Session
from voicetrail.play.tuner import Tuner
from voicetrail.play.updates import Problem, SourceOpened, SourceRequest, Update
from voicetrail.settings import TUNING, Settings
from voicetrail.spotting.talk import raise_threshold
from voicetrail.spotting.word_counts import WordCounts
from voicetrail.ui.messages import RecordingEnded, UpdatesArrived
from voicetrail.ui.screens.view import GameView
from voicetrail.ui.widgets.ear import State
from voicetrail.ui.widgets.message import Weight

if TYPE_CHECKING:
    from voicetrail.play.hearing import Hearing
    from voicetrail.play.recording import RecordingControl
    from voicetrail.ui.app import VoicetrailApp

FADE = 0.25
"""Seconds between looks at what fades with time."""
GLIDE = 0.04
"""Seconds between looks at a pen that glides."""
RECOUNT = 0.3
"""Seconds after the last tuning key until the last minute is decided again."""


class LiveView(GameView):
    """A game that is being played, on the screen.

    Args:
        session: the game with its clock.
        settings: the settings of the run.
        actions: what keys do, with the player's own keys.
        make_hearing: makes the ears, in the worker's thread, given whom to tell; ``None`` plays by keys only.
        recording: keeps the session.
        notices: what the player should read first.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        actions: Sequence[Action],
        make_hearing: Callable[[Callable[[tuple[Update, ...]], None]], Hearing] | None = None,
        *,
        recording: RecordingControl,
        notices: Sequence[str] = (),
    ) -> None:
        super().__init__(session.game.trail, monotonic, actions)
        self.session = session
        self.settings = settings
        self.tuner = Tuner(settings)
        self.hearing: Hearing | None = None
        """The ears, once the worker has made them."""
        self.muted = settings.switch("push_to_talk")
        """Words are held back."""
        self.overheard: list[Callable[[Update], None]] = []
        """Whoever else is told all that the ears tell: the calibration, while it lies over the game."""
        self._counts: WordCounts | None = None
        self._line = DelayDisplay()
        self.recording = recording
        self._make_hearing = make_hearing
        self._notices = tuple(notices)
        self._worker: Worker[None] | None = None
        self._leaving = False
        self._state: State = "loading" if make_hearing else "deaf"
        self._glide: Timer | None = None
        self._tuned_at = 0.0
        self._threshold_shift = 0.0
        """How far talk has moved the thresholds up, as the bars show it."""

    def on_mount(self) -> None:
        """Begin: timers, and after the first paint the ears."""
        self._show_state()
        self._show_tally()
        self.say(*self._welcome())
        self.settings.watch(self._setting_changed)
        self.set_interval(FADE, self._let_fade)
        self.call_after_refresh(self._begin_hearing)

    def _welcome(self) -> tuple[str, Weight]:
        if self._notices:
            return "; ".join(self._notices), "warn"
        return "say up, down, left or right; the arrow keys draw too", "plain"

    def _let_fade(self) -> None:
        self.bars.fade()
        self.ear.fade()
        self._show_line()
        self._count()
        self.message.set_recording(self.recording.clock(self.session.now_ms))

    def _show_line(self) -> None:
        # Asked for, not told: over a line of words nothing comes while it is silent, and the line has a delay all the same.
        delay = None if self.hearing is None else self.hearing.delay_s
        self.ear.set_line(self._line.take(delay, monotonic()))

    # What the ears tell

    def _begin_hearing(self) -> None:
        # Imported now, so that the first key or word does not wait for it.
        self.recording.warm_up()
        if self._make_hearing is not None:
            self._worker = self.run_worker(self._hear, thread=True, name="hearing", exit_on_error=True)

    def _hear(self) -> None:
        assert self._make_hearing is not None
        hearing = self._make_hearing(self._tell)
        self.hearing = hearing
        hearing.muted = self.muted
        if not self._leaving:
            hearing.run()

    def _tell(self, news: tuple[Update, ...]) -> None:
        self.post_message(UpdatesArrived(news))

    def stop_hearing(self) -> None:
        """Let the worker end."""
        self._leaving = True
        if self.hearing is not None:
            self.hearing.stop()

    def on_unmount(self) -> None:
        """The screen goes."""
        self.stop_hearing()

    def on_updates_arrived(self, message: UpdatesArrived) -> None:
        """Show the ears' news, and let words move the pen."""
        scores: Scores | None = None
        level: Level | None = None
        for item in message.news:
            for tell in tuple(self.overheard):
                tell(item)
            if isinstance(item, Scores):
                scores = item
                if self._counts is not None:
                    self._counts.add(item)
            elif isinstance(item, Level):
                level = item if level is None or item.clipped or not level.clipped else level
            else:
                self._take(item)
        if level is not None:
            self.ear.set_level(level)
        if scores is not None:
            self.bars.set_scores(scores.time, scores.smoothed)
            by = round(scores.threshold_shift, 2)
            if by != self._threshold_shift:
                self._threshold_shift = by
                self._show_thresholds()
        self.paint_now()

    def _take(self, item: Update) -> None:
        match item:
            case WordHeard() if self.muted:
                # It was on its way when space was pressed.
                self._take(WordRejected(item.time, item.word, item.score, "muted"))
            case WordHeard():
                self._take_word(item)
            case WordRejected():
                self.session.hear(item)
                self.words.add(item, self.session.now_ms // 1000)
            case Ready():
                self.session.hear(item)
                self._take_ready(item)
            case SourceOpened(name):
                self.ear.set_source(name)
                self._set_state("listening")
            case SourceLost(_, text):
                self.session.hear(item)
                self._set_state("lost")
                self.say(text, "bad")
            case SourceDelayed(_, text):
                self.session.hear(item)
                self.say(text, "warn")
            case SourceBack(_, name):
                self.session.hear(item)
                self.ear.set_source(name)
                self._set_state("listening")
                self.say(f"{name} is back")
            case SourceEnded():
                self.session.hear(item)
                self._set_state("ended")
                self.say("the sound is over; the arrow keys draw")
            case SamplesLost(_, _, total):
                self.ear.set_lost(round(total / SAMPLE_RATE * 1000))
            case Problem(text, _, ends) if ends:
                self.voicetrail.exit_with_error(text)
            case Problem(text, fatal):
                self._set_state("deaf" if fatal else self._state)
                self.say(text, "bad" if fatal else "warn")
            case ListeningChanged():
                self.session.hear(item)
            case _:
                pass

    def _take_word(self, heard: WordHeard) -> None:
        changes = self.session.hear(heard)
        self.words.add(heard, self.session.now_ms // 1000)
        self.bars.light(heard.word)
        if changes is not None:
            self._show(changes)
        if heard.captured is not None:
            self.ear.set_delay(max(0, round((monotonic() - heard.captured) * 1000)))

    def _take_ready(self, ready: Ready) -> None:
        assert self.hearing is not None
        recognizer = self.hearing.recognizer
        assert recognizer is not None
        self.show_labels(ready.labels)
        self.tuner.loaded(ready.labels, recognizer.detector)
        detector = self.tuner.detector
        assert detector is not None
        self._counts = WordCounts(ready.labels, detector)
        self._show_thresholds()

    # What is shown

    def do(self, item: Input) -> None:
        """Apply an input and show what it did."""
        self._show(self.session.do(item))

    def _show(self, changes: Changes) -> None:
        self.canvas.update_cells(changes.cells)
        if changes.message:
            self.say(changes.message, "warn" if changes.edge else "plain")
        self._show_tally()
        if self.session.game.mode.moving:
            if self._glide is None:
                self._glide = self.set_interval(GLIDE, self._glide_on)
        elif self._glide is not None:
            self._glide.stop()
            self._glide = None

    def _glide_on(self) -> None:
        self._show(self.session.tick())

    def _show_tally(self) -> None:
        tally = self.session.game.tally
        self.message.set_right(f"{tally.strokes:>3} strokes {tally.length:>4} long")

    def _show_state(self) -> None:
        state = self._state
        if state == "listening" and self.muted:
            state = "talk" if self.settings.switch("push_to_talk") else "muted"
        self.ear.set_state(state)

    def _set_state(self, state: State) -> None:
        self._state = state
        self._show_state()

    def _show_thresholds(self) -> None:
        detector = self.tuner.detector
        if detector is not None:
            thresholds = {word: detector.threshold_of(word) for word in self.tuner.words}
            self.bars.set_thresholds(
                {word: raise_threshold(value, self._threshold_shift) for word, value in thresholds.items()}
            )

    # What settings do

    def _setting_changed(self, name: str) -> None:
        game, settings = self.session.game, self.settings
        self.recording.setting_changed(name, self.session.now_ms)
        base = name.partition(".")[0]
        if base in TUNING or base == "preset":
            if self.hearing is not None:
                self.hearing.apply_settings()
            self._show_thresholds()
            self._tuned_at = monotonic()
        elif base == "step" and game.step != settings.number("step"):
            self.do(SetStep(int(settings.number("step"))))
        elif base == "mode" and game.mode.name != settings.text("mode"):
            self.do(SetMode("glide" if settings.text("mode") == "glide" else "step"))
        elif base == "glide_speed":
            self.do(SetGlideSpeed(settings.number("glide_speed")))
        elif base == "glide_silence":
            self.do(SetGlideSilence(settings.number("glide_silence")))
        elif base == "gain" and self.hearing is not None:
            self.hearing.apply_gain()
        elif base in ("source", "device") and self.hearing is not None:
            self.hearing.listen_to(SourceRequest(settings.text("source"), settings.text("device") or None))
        elif base == "push_to_talk":
            self.mute(settings.switch("push_to_talk"))
        elif base in ("theme", "ascii"):
            self.voicetrail.apply_theme()

    def _count(self) -> None:
        """Show how often each word would have fired. Other settings are counted once the tuning keys have come to rest."""
        if self._counts is None or self.tuner.detector is None or monotonic() - self._tuned_at < RECOUNT:
            return
        self._counts.settings = self.tuner.detector
        counts = self._counts.counts()
        self.bars.set_fired({word: counts.get(word, 0) for word in self.tuner.words})

    def mute(self, muted: bool) -> None:
        """Hold words back, or let them through again."""
        self.muted = muted
        if self.hearing is not None:
            self.hearing.muted = muted
        self._show_state()

    @property
    def voicetrail(self) -> VoicetrailApp:
        """The app."""
        app: VoicetrailApp = self.app  # type: ignore[assignment]
        return app

    def on_recording_ended(self, message: RecordingEnded) -> None:
        """A recording ended by itself; the game goes on."""
        self.say(f"recording stopped: {message.reason}", "bad")
        self._let_fade()
