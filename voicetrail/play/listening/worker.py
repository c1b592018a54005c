"""The listening worker: opens the source, loads the recognizer, listens, and sends updates. It runs in its own thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from time import monotonic
from typing import Literal, Protocol

from voicetrail.audio.source import Source
from voicetrail.errors import AudioError, VoicetrailError
from voicetrail.events import Event, Level, Ready, SamplesLost, Scores, SourceLost
from voicetrail.link.address import is_words
from voicetrail.link.receiving.remote_listener import RemoteListener
from voicetrail.listening import EventStream, Gain, Listener, NamedRecognizer, RecognizerInfo, Tap
from voicetrail.play.crash_log import write_crash_log
from voicetrail.play.listening.spectrum import bands_of, picture_of
from voicetrail.play.listening.updates import Problem, SourceOpened, SourceRequest, Spectrum, Update
from voicetrail.sources import notice_of, open_source
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable
from voicetrail.vocabulary import is_word

BATCH_S = 0.08
"""Time for which scores and levels are collected before they go to the screen, in s; words go at once."""
RETRY_S = 2.0
"""Time until a missing microphone is tried again, in s."""
WAIT_S = 0.05
"""Maximum duration of a wait after ``stop``, in s."""


class ListeningObserver(Protocol):
    """Receives every event of the listener, in the listener's thread; for the recorder."""

    def attach(self, listener: Listener, ready: Ready) -> None:
        """Attach a listener, before its first event."""
        ...

    def hear(self, event: Event) -> None:
        """Process an event, in order."""
        ...


class ListeningWorker:
    """Listens until ``stop`` is called.

    Args:
        request: the first source.
        load_recognizer: loads the recognizer; slow, and called in its own thread.
        settings_for: returns the detector settings, given those of the weights.
        send: receives updates in batches, in the worker's thread; must not block.
        opened: a source that is already open, such as a file that was checked before the screen was started.
        make_gain: creates a gain stage for each source; may return ``None``.
        gain_setting: returns the gain in dB, or ``auto``, for a remote recognizer.
        observer: receives every event immediately.
        weights_required: whether the weights were explicitly requested; if they cannot be used, the game ends.
    """

    def __init__(
        self,
        request: SourceRequest,
        load_recognizer: Callable[[], NamedRecognizer],
        settings_for: Callable[[DetectorSettings], DetectorSettings],
        send: Callable[[tuple[Update, ...]], None],
        *,
        opened: Source | None = None,
        make_gain: Callable[[], Gain | None] = lambda: None,
        gain_setting: Callable[[], float | Literal["auto"]] = lambda: "auto",
        observer: ListeningObserver | None = None,
        weights_required: bool = False,
    ) -> None:
        self._request = request
        self._load_recognizer = load_recognizer
        self._settings_for = settings_for
        self._send = send
        self._opened = opened
        self._make_gain = make_gain
        self._gain_setting = gain_setting
        self._observer = observer
        self._weights_required = weights_required
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._reloading = False
        """Whether other weights have to be loaded before listening continues."""
        self._sound_tap: Tap | None = None
        self.on_gap: Callable[[], None] | None = None
        """Called in the listener's thread between two hops of ``sound_tap`` where sound was lost, or another stream begins."""
        self._muted = False
        self._reported = ""
        self._listener: EventStream | None = None
        self.recognizer: RecognizerInfo | None = None
        """The recognizer, once it is loaded."""
        self.loading = False
        """Whether the recognizer is being loaded, in a thread that cannot be interrupted."""
        self.sends_spectrum = False
        """Whether to send the recognizer's input too."""

    def stop(self) -> None:
        """Ask ``run`` to end. It ends within half a second, even while the recognizer is loading."""
        self._stop.set()
        self._end_listener()

    def listen_to(self, request: SourceRequest) -> None:
        """Switch to another source, with the same recognizer."""
        self._request = request
        self._changed.set()
        self._end_listener()

    def reload(self) -> bool:
        """Load the recognizer again, because the settings name other weights, and continue with the same source.

        Returns:
            Whether the recognizer runs here; words from another machine are recognized with the weights of that machine.
        """
        if is_words(self._request.spec):
            return False
        self._reloading = True
        self._changed.set()
        self._end_listener()
        return True

    @property
    def sound_tap(self) -> Tap | None:
        """Receives the sound before the gain, hop by hop in the listener's thread; for teaching."""
        return self._sound_tap

    @sound_tap.setter
    def sound_tap(self, tap: Tap | None) -> None:
        self._sound_tap = tap
        if isinstance(listener := self._listener, Listener):
            listener.second_tap = tap

    @property
    def request(self) -> SourceRequest:
        """The requested source."""
        return self._request

    @property
    def muted(self) -> bool:
        """Whether words are rejected."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        if (listener := self._listener) is not None:
            listener.muted = muted

    @property
    def delay_s(self) -> float | None:
        """One-way delay of the connection for sound or words, in s; ``None`` without one. See ``Listener.delay_s``."""
        return None if (listener := self._listener) is None else listener.delay_s

    def apply_settings(self) -> None:
        """Apply changed settings from the next hop on."""
        if (listener := self._listener) is not None and self.recognizer is not None:
            listener.apply_settings(self._settings_for(self.recognizer.detector))

    def apply_gain(self) -> None:
        """Apply a changed gain from the next hop on."""
        if isinstance(listener := self._listener, Listener):
            listener.gain = self._make_gain()
        elif isinstance(listener, RemoteListener):
            listener.apply_gain(self._gain_setting())

    def run(self) -> None:
        """Open the source, load the recognizer, and listen until ``stop``. An internal error ends listening and is reported."""
        try:
            self._run()
        except Exception as error:  # any error: if the thread died silently, the game would seem to listen
            where = write_crash_log(error)
            self._send(
                (
                    Problem(
                        f"listening ended because of an internal error; see {where}. You can play with the arrow keys",
                        fatal=True,
                    ),
                )
            )

    def _run(self) -> None:
        if is_words(self._request.spec):
            self._listen_far(self._request)
            if self._stop.is_set():
                return
        recognizer = self._load()
        if recognizer is None:
            if (opened := self._opened) is not None:
                opened.close()
            return
        while not self._stop.is_set():
            self._changed.clear()
            if self._reloading:
                self._reloading = False
                recognizer = self._load(instead_of=recognizer) or recognizer
            request = self._request
            source = self._open(request)
            if source is None:
                self._wait(RETRY_S)
                continue
            self._listen(source, recognizer)
            if request is self._request:
                self._wait(math.inf)

    def _load(self, instead_of: NamedRecognizer | None = None) -> NamedRecognizer | None:
        """Load the recognizer in a thread, which is abandoned if the player leaves first, because an import cannot be interrupted.

        Args:
            instead_of: the current recognizer, which stays in use if loading fails; ``None`` means keyboard only then.
        """
        failure: list[BaseException] = []
        loaded: list[NamedRecognizer] = []

        def load() -> None:
            try:
                loaded.append(self._load_recognizer())
            except Exception as error:  # any error of a broken installation: the game goes on with the keyboard
                failure.append(error)
            finally:
                self.loading = False

        self.loading = True
        thread = threading.Thread(target=load, name="voicetrail-load", daemon=True)
        thread.start()
        while thread.is_alive() and not self._stop.is_set():
            thread.join(WAIT_S)
        if self._stop.is_set():
            return None
        if failure:
            message = printable(str(failure[0]) or type(failure[0]).__name__)
            known = isinstance(failure[0], VoicetrailError)
            if instead_of is not None:
                self._send((Problem(f"{message} ({instead_of.name} stays in use)"),))
                return None
            said = message if known else f"the recognizer cannot be loaded: {message}; run `voicetrail doctor` for details"
            ends = known and self._weights_required
            self._send((Problem(said if ends else f"{said} (you can play with the arrow keys)", fatal=True, ends=ends),))
        if not loaded:
            return None
        self.recognizer = loaded[0]
        return loaded[0]

    def _open(self, request: SourceRequest) -> Source | None:
        if (opened := self._opened) is not None:
            self._opened = None
            return opened
        if request.spec == "mic" and request.fallback:
            from voicetrail.audio.microphone import microphone_problem

            if (problem := microphone_problem()) is not None:
                return self._demo(problem)
        try:
            # An explicitly requested device was already opened before; a remembered device may be plugged in later.
            return open_source(request.spec, device=request.device or None, patient=True, paced=True)
        except AudioError as error:
            if request.spec != "mic" or not request.fallback:
                self._report(str(error))
                return None
            return self._demo(str(error))

    def _demo(self, why: str) -> Source | None:
        """Open the bundled voice instead of a missing microphone."""
        try:
            source = open_source("demo", paced=True)
        except AudioError as error:
            self._report(f"{why} ({error})")
            return None
        # After its end the microphone is tried again, as often as necessary.
        self._request = SourceRequest("mic", self._request.device, fallback=False)
        self._report(f"{why}; playing the bundled voice instead")
        return source

    def _report(self, message: str) -> None:
        """Report a problem once while it lasts."""
        if message != self._reported:
            self._reported = message
            self._send((Problem(message),))

    def _listen(self, source: Source, recognizer: NamedRecognizer) -> None:
        self._reported = self._reported if source.name == "demo" else ""
        detector = Detector(recognizer.labels, self._settings_for(recognizer.detector))
        listener = Listener(source, recognizer, detector, gain=self._make_gain())
        listener.muted = self._muted
        listener.second_tap = self._sound_tap
        self._listener = listener
        if self._stop.is_set() or self._changed.is_set():
            listener.stop()
        words = {label: recognizer.detector.threshold_of(label) for label in detector.labels if is_word(label)}
        ready = Ready(recognizer.labels, source.name, recognizer.name, recognizer.hash, words, recognizer.meanings)
        if self._observer is not None:
            self._observer.attach(listener, ready)
        if self.on_gap is not None:
            self.on_gap()
        self._send((ready, SourceOpened(source.name)))
        if (notice := notice_of(source)) is not None:
            self._report(notice)
        try:
            self._pass_on(listener)
        except AudioError as error:
            # A file that is damaged after its start.
            self._report(str(error))
        finally:
            self._listener = None

    def _listen_far(self, request: SourceRequest) -> None:
        """Receive the words of a remote recognizer (`voicetrail ssh --recognize here`)."""
        try:
            listener = RemoteListener(request.spec)
        except VoicetrailError as error:
            self._report(str(error))
            self._wait(math.inf)
            return
        listener.muted = self._muted
        self._listener = listener
        if self._stop.is_set():
            listener.stop()
        try:
            self._pass_on(listener)
        finally:
            self._listener = self.recognizer = None

    def _pass_on(self, listener: EventStream) -> None:
        batch: list[Update] = []
        sent = monotonic()
        for event in listener.events():
            if self._observer is not None:
                self._observer.hear(event)
            if isinstance(event, SamplesLost | SourceLost) and self.on_gap is not None:
                self.on_gap()
            batch.append(event)
            if isinstance(event, Scores) and self.sends_spectrum and (picture := picture_of(self.recognizer)) is not None:
                batch.append(Spectrum(bands_of(picture)))
            if isinstance(event, Ready) and isinstance(listener, RemoteListener):
                self.recognizer = listener.recognizer
                self.apply_settings()
                self.apply_gain()
                batch.append(SourceOpened(event.source))
            if not isinstance(event, Level | Scores) or monotonic() - sent >= BATCH_S:
                self._send(tuple(batch))
                batch, sent = [], monotonic()
        if batch:
            self._send(tuple(batch))

    def _end_listener(self) -> None:
        if (listener := self._listener) is not None:
            listener.stop()

    def _wait(self, seconds: float) -> None:
        end = monotonic() + seconds
        while monotonic() < end and not self._stop.is_set() and not self._changed.is_set():
            self._stop.wait(WAIT_S)
