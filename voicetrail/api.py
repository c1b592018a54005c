"""The public Python API: the recognizer without the game, modeled on the TensorFlow.js speech-commands package.

    import voicetrail

    with voicetrail.create("directional4w") as recognizer:
        print(recognizer.word_labels)
        recognizer.listen(lambda result: print(result.word, result.score), source="demo")
        recognizer.wait()

The names are those of that package, in Python's spelling. Times are in seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from voicetrail.audio.blocks import BlockSource, as_samples
from voicetrail.audio.source import Source
from voicetrail.errors import UsageError
from voicetrail.events import SAMPLE_RATE, Event, Scores, WordHeard, seconds
from voicetrail.listening import Listener
from voicetrail.sources import open_source
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.recognizer import Recognizer, load_recognizer, loudest_window
from voicetrail.teaching.transfer import WordTrainer, delete_saved, list_saved
from voicetrail.vocabulary import DEFAULT_VOCABULARY, RESERVED, VOCABULARIES, is_word

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A recognized word. Results compare by identity, because they contain arrays."""

    time: float
    """How much sound had been consumed, in s from the start of the source; 0 for ``recognize``."""
    word: str
    """The detected word; for ``recognize`` and ``invoke_on_noise_and_unknown``, the label with the highest posterior, which may be
    ``_unknown_`` (other speech) or ``_background_noise_``."""
    score: float
    """For a detected word, its score after score filter and smoothing, 0 to 1; otherwise the posterior of the label."""
    scores: dict[str, float]
    """The posterior of every label in the last window, neither filtered nor averaged; they sum to 1."""
    spectrogram: Sound | None = None
    """The network's input, log-mel energies ``[mels, frames]``; ``None`` unless requested."""
    embedding: Sound | None = None
    """The input of the network's last layer, ``[embedding]``; ``None`` unless requested."""


class SpeechCommands:
    """A recognizer that listens in the background and calls back; made by ``create``.

    At the end of a ``with`` statement, it stops listening.

    Args:
        recognizer: the loaded recognizer.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._error_given = False
        self.error: Exception | None = None
        """The error of the source or the callback that ended the last ``listen``, if any. ``wait`` raises it."""

    def __enter__(self) -> Self:
        """Use in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop listening."""
        self.stop_listening()

    @property
    def word_labels(self) -> tuple[str, ...]:
        """The labels in the order of the scores: words, ``_unknown_`` and ``_background_noise_``."""
        return self._recognizer.labels

    @property
    def is_listening(self) -> bool:
        """Whether it is listening in the background."""
        return self._thread is not None and self._thread.is_alive()

    def recognize(
        self, waveform: npt.ArrayLike, *, include_spectrogram: bool = False, include_embedding: bool = False
    ) -> Result:
        """Recognize one word in a piece of sound.

        Args:
            waveform: 16 kHz mono samples, ``[samples]``: numbers between -1 and 1, or 16-bit integers. Of a longer sound, the second
                with the most energy is used; a shorter one is centered in zeros.
            include_spectrogram: include the network's input in the result.
            include_embedding: include the embedding in the result.

        Raises:
            UsageError: the waveform is empty, not one-dimensional, or does not contain such samples.
        """
        sound = as_samples(waveform, "the waveform")
        if not len(sound):
            raise UsageError("the waveform must be one row of finite samples at 16 kHz, and it is empty")
        window = loudest_window(sound, self._recognizer.window_samples)
        scores = tuple(self._recognizer.posteriors(window[None])[0].tolist())
        best = max(range(len(scores)), key=scores.__getitem__)
        return self._result(0.0, self.word_labels[best], scores[best], scores, window, include_spectrogram, include_embedding)

    def listen(
        self,
        callback: Callable[[Result], object],
        *,
        source: str | Path | Iterable[npt.ArrayLike] = "mic",
        device: str | None = None,
        probability_threshold: float | None = None,
        overlap_factor: float | None = None,
        suppression_time: float | None = None,
        invoke_on_noise_and_unknown: bool = False,
        include_spectrogram: bool = False,
        include_embedding: bool = False,
    ) -> None:
        """Listen in a background thread, and call back for every word.

        Args:
            callback: called with each result, in that thread.
            source: ``mic``, ``demo``, a file, an address (``tcp://…``, ``unix://…``), or an iterable of blocks of 16 kHz mono samples
                as for ``recognize`` (such as a generator of arrays). A file is read as fast as it can be recognized.
            device: for ``mic``: an input's index or part of its name.
            probability_threshold: score that a word needs, 0 to 1; by default, the thresholds that come with the weights.
            overlap_factor: part of the one-second window that the next one shares, 0 to below 1; by default, windows start 40 ms
                apart.
            suppression_time: refractory time of a word, in s; by default, that of the weights.
            invoke_on_noise_and_unknown: call back for every window, with its best label (noise and unknown too), not for every word.
            include_spectrogram: include the network's input in each result.
            include_embedding: include the embedding in each result.

        Raises:
            UsageError: it is already listening, or an argument is out of range.
            AudioError: the source cannot be opened.
        """
        if self.is_listening:
            raise UsageError("it is already listening; call stop_listening() first")
        if overlap_factor is not None and not 0 <= overlap_factor < 1:
            raise UsageError("overlap_factor must be at least 0 and below 1")
        recognizer = _Hopping(self._recognizer, overlap_factor)
        settings = _detector_settings(recognizer.detector, probability_threshold, suppression_time)
        opened: Source
        opened = open_source(source, device=device) if isinstance(source, (str, Path)) else BlockSource(source)
        listener = Listener(opened, recognizer, Detector(recognizer.labels, settings))
        self.error, self._error_given = None, False

        def work() -> None:
            try:
                for event in listener.events():
                    named = _label_of(event, recognizer, every_window=invoke_on_noise_and_unknown)
                    if named is None:
                        continue
                    time, word, score = named
                    window = recognizer.window
                    callback(
                        self._result(time, word, score, recognizer.posteriors, window, include_spectrogram, include_embedding)
                    )
            except Exception as error:  # ``wait`` raises it
                self.error = error

        self._listener = listener
        self._thread = threading.Thread(target=work, name="voicetrail listening", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the source has ended; return ``False`` if that takes longer than ``timeout`` seconds.

        Raises:
            VoicetrailError: the source failed.
            Exception: any exception of the callback, which ended the listening. It is raised only once.
        """
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        if not self.is_listening and not self._error_given and self.error is not None:
            self._error_given = True
            raise self.error
        return not self.is_listening

    def stop_listening(self) -> None:
        """Stop listening; the callback is not called again after this returns. May be called from the callback."""
        if self._listener is not None:
            self._listener.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _result(
        self, time: float, word: str, score: float, scores: Iterable[float], window: Sound, spectrogram: bool, embedding: bool
    ) -> Result:
        return Result(
            time,
            word,
            score,
            dict(zip(self.word_labels, scores, strict=True)),
            self._recognizer.spectrogram(window) if spectrogram else None,
            self._recognizer.embedding(window) if embedding else None,
        )


def _detector_settings(
    shipped: DetectorSettings, probability_threshold: float | None, suppression_time: float | None
) -> DetectorSettings:
    """What ships with the weights, with what is given in its place."""
    settings = shipped
    if probability_threshold is not None:
        if not 0 <= probability_threshold <= 1:
            raise UsageError("probability_threshold must be between 0 and 1")
        settings = replace(settings, threshold=probability_threshold, thresholds={})
    if suppression_time is not None:
        if not suppression_time >= 0:  # refuses a NaN as well
            raise UsageError("suppression_time must be at least 0 s")
        settings = replace(settings, refractory=suppression_time)
    return settings


def _label_of(event: Event, recognizer: _Hopping, *, every_window: bool) -> tuple[float, str, float] | None:
    """When an event was (in s), its label and its score, where it is one for the callback: a word, or the best of every window."""
    if isinstance(event, Scores) and every_window:
        score, label = max(zip(recognizer.posteriors, recognizer.labels, strict=True), key=lambda pair: pair[0])
        return seconds(event.time), label, score
    if isinstance(event, WordHeard) and not every_window:
        return seconds(event.time), event.word, event.score
    return None


class _Hopping:
    """A recognizer with another hop; it stores the last window, for the spectrogram and the embedding."""

    def __init__(self, recognizer: Recognizer, overlap: float | None) -> None:
        self._recognizer = recognizer
        self.labels, self.window_samples = recognizer.labels, recognizer.window_samples
        self.hop = recognizer.hop if overlap is None else max(1, round(self.window_samples * (1 - overlap)))
        # The score filter is fitted to the recognizer's own hop.
        own = self.hop == recognizer.hop
        self.score_filter = recognizer.score_filter if own else None
        self.detector = recognizer.detector if own else recognizer.unfiltered_detector
        self.window = np.zeros(self.window_samples, dtype=np.float32)
        self.posteriors: tuple[float, ...] = (0.0,) * len(self.labels)

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        self.window = window.copy()
        self.posteriors = self._recognizer.score(window, blanked)
        return self.posteriors


def create(vocabulary: str | None = None, weights: str | Path | None = None) -> SpeechCommands:
    """Make a recognizer.

    Args:
        vocabulary: ``directional4w`` (the default) or ``18w``.
        weights: name or path of other weights, including imported ones. If a vocabulary is given too, they must have its words.

    Raises:
        UsageError: there is no such vocabulary, or the weights do not have its words.
        WeightsError: the weights cannot be used.
    """
    if vocabulary is None and weights is not None:
        return SpeechCommands(load_recognizer(weights))
    vocabulary = vocabulary or DEFAULT_VOCABULARY
    if vocabulary not in VOCABULARIES:
        raise UsageError(f"there is no vocabulary {vocabulary!r}; there are {', '.join(VOCABULARIES)}")
    # The calling program decides how many threads torch uses.
    recognizer = load_recognizer(vocabulary if weights is None else weights, threads=None)
    missing = {*VOCABULARIES[vocabulary], *RESERVED} - {*recognizer.labels}
    if missing:
        raise UsageError(f"the weights {recognizer.name} do not know {', '.join(sorted(filter(is_word, missing)))}")
    return SpeechCommands(recognizer)


class Transfer(WordTrainer):
    """Teaches words of your own and recognizes them, like the result of ``create``; made by ``create_transfer``.

    Args:
        name: of the set of words, for ``save``.
        base: weights whose backbone is used.
    """

    def __init__(self, name: str, base: str = DEFAULT_VOCABULARY) -> None:
        super().__init__(name, base)
        self._commands: SpeechCommands | None = None
        self._made_of: object = None
        """The training or the file that ``_commands`` was made from; after another one, it is made again."""

    @property
    def commands(self) -> SpeechCommands:
        """The recognizer of the trained or loaded words.

        Raises:
            UsageError: nothing was trained or loaded.
        """
        made_of = self._taught, self._loaded
        if self._commands is None or made_of != self._made_of:
            self.stop_listening()
            self._commands, self._made_of = SpeechCommands(self.recognizer()), made_of
        return self._commands

    def recognize(self, waveform: npt.ArrayLike, **options: bool) -> Result:
        """Recognize one word in a piece of sound, as ``SpeechCommands.recognize`` does."""
        return self.commands.recognize(waveform, **options)

    def listen(self, callback: Callable[[Result], object], **options: Any) -> None:
        """Listen in a background thread, as ``SpeechCommands.listen`` does."""
        self.commands.listen(callback, **options)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the source has ended; see ``SpeechCommands.wait``."""
        return self.commands.wait(timeout)

    def stop_listening(self) -> None:
        """Stop listening; the callback is not called again after this returns."""
        if self._commands is not None:
            self._commands.stop_listening()


def create_transfer(name: str, base: str = DEFAULT_VOCABULARY) -> Transfer:
    """Start teaching words of your own.

    Args:
        name: of the set of words, for ``save``.
        base: weights whose backbone is used.

    Raises:
        TeachingError: the name is not allowed.
    """
    return Transfer(name, base)


__all__ = ["SAMPLE_RATE", "Result", "SpeechCommands", "Transfer", "create", "create_transfer", "delete_saved", "list_saved"]
