"""The session context, which outlives screens: settings, microphone and recognizer, recording, tuning, current round."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from voicetrail.events import (
    SAMPLE_RATE,
    Event,
    Level,
    Ready,
    SamplesLost,
    Scores,
    SourceBack,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game import Input, Rules, Sketch, input_of
from voicetrail.keys import ACTIONS, Action
from voicetrail.play.listening.delay_display import DelayDisplay
from voicetrail.play.listening.latency import LatencyMeter
from voicetrail.play.listening.spectrum import picture_of
from voicetrail.play.listening.state import State, listening_text
from voicetrail.play.listening.updates import Problem, SourceOpened, SourceRequest, Update
from voicetrail.play.recording import RecordingControl, saved_drawing_text
from voicetrail.play.rounds.round import Round
from voicetrail.play.tuning.tuner import Tuner
from voicetrail.play.tuning.word_rates import WordRates
from voicetrail.settings import TUNING, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from voicetrail.play.listening.worker import ListeningWorker
    from voicetrail.play.rounds.outcome import Outcome
    from voicetrail.scores.store import ScoreStore

Send = Callable[[tuple[Update, ...]], None]
"""Receives updates in the worker's thread; must not block."""

STOP_S = 2.0
"""Maximum wait for the end of the worker, in s."""


class SessionContext:
    """The application without a screen. It is used from the screen's thread; only the worker has its own thread.

    Args:
        settings: the current settings.
        make_worker: creates the worker, in its own thread; gets the receiver of updates. ``None`` means keyboard only.
        actions: the actions, with the player's own keys.
        record_path: file of the first recording; ``None`` uses a name with the time.
        record: record from the first round on, regardless of the setting.
        notices: messages that the player reads first.
        open_scores: opens the store of results, when it is first needed; ``None`` saves no results.
        slow: whether the screen is at the other end of a slow connection.
        clock: monotonic, in s.
    """

    withheld: frozenset[str] = frozenset()
    """Names of dialogs and actions that are not available to this player."""

    def __init__(
        self,
        settings: Settings,
        make_worker: Callable[[SessionContext, Send], ListeningWorker] | None = None,
        *,
        actions: Sequence[Action] = ACTIONS,
        record_path: Path | None = None,
        record: bool = False,
        notices: Sequence[str] = (),
        open_scores: Callable[[], ScoreStore] | None = None,
        slow: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.settings = settings
        self.actions = tuple(actions)
        self.notices = tuple(notices)
        self.slow = slow
        self.clock = clock
        self.tuner = Tuner(settings)
        self.recording = RecordingControl(settings, lambda why: self._report(f"recording stopped: {why}"), record_path)
        self.round: Round | None = None
        """The current round, or the last one."""
        self.finished: Round | None = None
        """The last round with a saved result."""
        self._recorded = ""
        """Message with the file of the last recording."""
        self.saved_drawing = ""
        """File of the last saved drawing; empty without one, or if it was recorded."""
        self._open_scores = open_scores
        self._scores: ScoreStore | None = None
        self.worker: ListeningWorker | None = None
        """The worker, once its thread has created it."""
        self.source_name = ""
        self.labels: tuple[str, ...] = ()
        self.lost_ms = 0
        """Length of the lost sound, in ms."""
        self.talk_shift = 0.0
        """How far running speech has raised the thresholds, rounded to the resolution of the screen."""
        self.latency = LatencyMeter()
        self.word_rates = WordRates(self.tuner, lambda: self.clock())
        self._record = record
        self._make_worker = make_worker
        self.can_listen = make_worker is not None
        """Whether a source is open."""
        self._state: State = "loading" if make_worker else "keyboard"
        self._muted = settings.values.push_to_talk
        self._holds = 0
        self._spectrum = settings.values.spectrogram and not slow
        self._send: Send | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._ready: Ready | None = None
        self._delay = DelayDisplay()
        settings.subscribe(self._settings_changed)
        settings.writer.on_problem = self._report

    # Starting and stopping the worker

    def start(self, send: Send) -> None:
        """Start to listen; ``send`` is called in the worker's thread."""
        self._send = send
        if self._make_worker is not None and self._thread is None:
            self._thread = threading.Thread(target=self._listen, name="voicetrail-listen", daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        from voicetrail.play.crash_log import write_crash_log

        assert self._make_worker is not None
        assert self._send is not None
        try:
            worker = self._make_worker(self, self._send)
        except Exception as error:  # a broken installation: the game goes on with the keyboard, and reports the error
            where = write_crash_log(error)
            self._send((Problem(f"listening could not start; see {where}. You can play with the arrow keys", fatal=True),))
            return
        self.worker = worker
        worker.muted = self.words_held
        worker.sends_spectrum = self.shows_spectrum
        if not self._stopping:
            worker.run()

    def stop(self) -> None:
        """Ask the worker to end, without waiting for it."""
        self._stopping = True
        if self.worker is not None:
            self.worker.stop()

    @property
    def loading(self) -> bool:
        """Whether the recognizer is being loaded, in a thread that cannot be interrupted."""
        return self.worker is not None and self.worker.loading

    def close(self, reason: str = "quit") -> tuple[str, ...]:
        """End the worker, the recording and the round, and save the settings. Returns messages about files for the player."""
        self.stop()
        if self._thread is not None and not self.loading:
            self._thread.join(STOP_S)
        self.end_round(reason)
        self.leave_round()
        self.settings.close()
        if self._scores is not None:
            self._scores.close()
        saved = saved_drawing_text(self.saved_drawing)
        return tuple(line for line in (self._recorded, saved) if line)

    # Rounds

    def begin_round(self, rules: Rules) -> Round:
        """Begin a round. Depending on the settings it is recorded from the start.

        Raises:
            ReplayError: the file of the recording cannot be created. The round has begun nevertheless.
        """
        self.leave_round()
        self.recording.begin_round(rules)
        self.round = Round(rules, self.clock, self.recording)
        if self._ready is not None:
            self.round.hear(self._ready)
        if rules.setup.day:
            from voicetrail.play.rounds.outcome import begin_counting

            self.round.counts = begin_counting(self.scores, rules.setup, self.profile)
        if self._record or self.settings.values.record:
            self.notices = (self.recording.start(self.round.now_ms), *self.notices)
        return self.round

    def pause_after_s(self, rules: Rules) -> float:
        """Return the time without a word after which a round pauses, in s; 0 means never."""
        return self.settings.values.pause_after_sketch if rules.mode_name == "sketch" else self.settings.values.pause_after

    @property
    def scores(self) -> ScoreStore | None:
        """The store of results; opened when it is first used, which is after the first paint."""
        if self._scores is None and self._open_scores is not None:
            self._scores = self._open_scores()
            self.notices = (*self.notices, *self._scores.notices)
        return self._scores

    @property
    def profile(self) -> str:
        """The profile of the settings, which separates scores; empty for the default profile."""
        path = self.settings.paths.profile
        return "" if path is None else path.stem

    def add_notice(self, text: str) -> None:
        """Add a message that the player reads on the next screen."""
        self.notices = (*self.notices, text)

    def take_notices(self) -> tuple[str, ...]:
        """Return and clear the messages that the player reads first."""
        notices, self.notices = self.notices, ()
        return notices

    def input_of(self, word: str) -> Input | None:
        """Return the input for a detected word; ``None`` for a word without a meaning."""
        meanings = {} if self._ready is None else self._ready.meanings
        return input_of(meanings.get(word, word))

    def finish_round(self) -> Outcome:
        """Save the result of a finished round, and return its outcome. Raises ``RuntimeError`` without a round."""
        current = self.round
        if current is None:
            raise RuntimeError("no round has begun")
        from voicetrail.play.rounds.outcome import keep_result

        self.end_round()
        outcome = keep_result(self.scores, current, self.recording.name, self.profile)
        self.finished = current
        return outcome

    def leave_round(self) -> str:
        """Leave the round: save its result or drawing. Returns the message to show about the file of a drawing."""
        current, text = self.round, ""
        if current is None or current is self.finished:
            return text
        if not current.rules.ended:
            current.leave()
        if isinstance(current.rules, Sketch):
            saved = self.recording.keep_drawing(current.now_ms) if current.inputs else ""
            self.saved_drawing = saved or self.saved_drawing
            text = self.end_round() or saved_drawing_text(saved)
        else:
            self.finish_round()
        self.finished = current
        return text

    def end_round(self, reason: str = "") -> str:
        """End the recording of the round, if there is one. Returns the message to show."""
        line = "" if self.round is None else self.recording.stop(self.round.now_ms, reason)
        self._recorded = line or self._recorded
        return line

    # Updates from the worker

    def take(self, item: Update) -> Update:
        """Process an update of the worker; return it as screens should show it."""
        match item:
            case Scores():
                self.word_rates.add(item)
                self.talk_shift = round(item.talk_shift, 2)
            case Level():
                self.latency.hear(item)
            case WordHeard() if self.words_held:
                # The word was detected before listening was turned off.
                return WordRejected(item.time, item.word, item.score, "muted")
            case Ready():
                self._take_ready(item)
            case SourceOpened(name) | SourceBack(_, name):
                self.source_name = name
                self._state = "listening"
            case SourceLost():
                self._state = "lost"
            case SourceEnded():
                self._state = "ended"
            case SamplesLost(_, _, total):
                self.lost_ms = round(total / SAMPLE_RATE * 1000)
            case Problem(_, True):
                self._state = "keyboard"
        return item

    def _take_ready(self, ready: Ready) -> None:
        self._ready = ready
        if self.round is not None:
            self.round.hear(ready)
        if self.worker is None or (recognizer := self.worker.recognizer) is None:
            return
        self.labels = ready.labels
        self.tuner.loaded(ready.labels, recognizer.detector)
        self.latency.clear()
        self.word_rates.begin(ready.labels)

    def observe(self, event: Event) -> None:
        """Record an event of the listener, in the listener's thread."""
        if (current := self.round) is not None:
            self.recording.hear(event, current.now_ms)

    # State of listening

    @property
    def state(self) -> State:
        """The state of listening."""
        if self._state == "listening" and self._muted:
            return "talk" if self.settings.values.push_to_talk else "muted"
        return self._state

    @property
    def listening_text(self) -> str:
        """The message after the player turned listening on or off."""
        return listening_text(self._state, muted=self._muted)

    @property
    def motion(self) -> bool:
        """Whether animations are allowed."""
        return not (self.slow or self.settings.values.reduced_motion)

    @property
    def shows_spectrum(self) -> bool:
        """Whether to show the spectrogram; over a slow connection only after the player pressed the key for it."""
        return self._spectrum

    def show_spectrum(self, shown: bool) -> str:
        """Show or hide the spectrogram. Returns the message to show."""
        self._spectrum = shown
        if self.worker is not None:
            self.worker.sends_spectrum = shown
        if shown and self.worker is not None and self.labels and picture_of(self.worker.recognizer) is None:
            return "there is no spectrogram here, because the recognizer runs on the other machine"
        return "spectrogram: the input of the recognizer, newest on the right" if shown else "spectrogram hidden"

    @property
    def muted(self) -> bool:
        """Whether the player turned listening off."""
        return self._muted

    @property
    def words_held(self) -> bool:
        """Whether words do nothing now: the player turned listening off, or a dialog is open."""
        return self._muted or self._holds > 0

    @property
    def held_by_dialog(self) -> bool:
        """Whether only a dialog blocks words, and not the player."""
        return self._holds > 0

    def mute(self, muted: bool) -> None:
        """Turn listening off or on."""
        self._muted = muted
        self._hand_on_mute()

    def hold_words(self, held: bool) -> None:
        """Block words while a dialog is open, or end this; calls can be nested."""
        self._holds = max(0, self._holds + (1 if held else -1))
        self._hand_on_mute()

    def _hand_on_mute(self) -> None:
        if self.worker is not None:
            self.worker.muted = self.words_held

    def delay_ms(self) -> int | None:
        """Return the delay of the connection for display, in ms; ``None`` without one."""
        # Polled and not sent, because a connection for words is idle during silence but still has a delay.
        return self._delay.take(None if self.worker is None else self.worker.delay_s, self.clock())

    # Effects of settings that need no screen

    def _settings_changed(self, names: frozenset[str]) -> None:
        if self.round is not None:
            self.recording.settings_changed(names, self.round.now_ms)
        changed = {name.partition(".")[0] for name in names}
        if changed & {*TUNING, "preset"}:
            self.word_rates.tuned()
            if self.worker is not None:
                self.worker.apply_settings()
        if "gain" in changed and self.worker is not None:
            self.worker.apply_gain()
        if changed & {"weights", "vocabulary"} and self.worker is not None and self.worker.reload():
            self._state = "loading"
        if changed & {"source", "device"}:
            self.listen_again()
        if "push_to_talk" in changed:
            self.mute(self.settings.values.push_to_talk)

    def listen_again(self) -> None:
        """Open the source in the settings, or reopen it."""
        if self.worker is not None:
            self.worker.listen_to(SourceRequest(self.settings.values.source, self.settings.values.input_device))

    def _report(self, text: str) -> None:
        """Show a problem that another thread reports."""
        if self._send is not None:
            self._send((Problem(text),))
