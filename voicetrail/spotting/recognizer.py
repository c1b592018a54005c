"""The recognizer: a loaded network with its features, which turns windows into posteriors, on one thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.browser_fft import BrowserFft
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.fast.moving_features import StreamingFeatures
from voicetrail.spotting.fast.moving_patch import StreamingPatch
from voicetrail.spotting.fast.unrolled import Unrolled
from voicetrail.spotting.features import FeatureSettings, LogMel
from voicetrail.spotting.frontend import build_frontend
from voicetrail.spotting.networks.model import TemporalResNet, fold
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.weights import Weights, load_weights

HOP = SAMPLE_RATE // 25
"""Samples between windows (40 ms)."""
DIGITS = 3
"""Decimal places of posteriors: finer than the step of a threshold, and short in a replay file."""
TOGETHER_FROM = 3
"""From this many pictures on, the general network, which takes them as a batch, is faster than the unrolled one. Measured on one
thread, in ms per picture: unrolled 0.37; general 0.55 for 1 picture, 0.45 for 2, 0.25 for 4, 0.17 for 8, 0.14 for 16, 0.11 for 64."""

Sound = npt.NDArray[np.float32]


class Recognizer:
    """Computes posteriors of windows of sound (a ``listening.NamedRecognizer``).

    Args:
        weights: a loaded weights file. Its network is prepared for inference, in place (``fold``).
    """

    hop = HOP

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        self.hash = weights.hash
        self.labels = weights.info.labels
        self.about = weights.info.about
        self.meanings = weights.info.meanings
        self.detector: DetectorSettings = weights.info.detector
        """The detector settings that come with the weights, chosen on validation streams."""
        self.score_filter = weights.info.score_filter
        """What makes scores of the posteriors, for the detector; ``listening.Listener`` applies it. Methods return posteriors."""
        self.unfiltered_detector = weights.info.without_filter().detector
        """The detector settings for the posteriors without the filter."""
        self.window_samples = weights.info.features.window_samples
        self._features = build_frontend(weights.info.features).eval()
        self._backbone, self._head = weights.model.backbone, weights.model.head
        fold(weights.model)
        self._posteriors = LabelPosteriors(weights.info.grouping(), weights.info.temperature)
        features, model = weights.info.features, weights.model
        # A game scores one window at a time, hop by hop.
        self._unrolled = Unrolled(model, features.rows, features.frames) if isinstance(model.backbone, TemporalResNet) else None
        empty = np.zeros((features.rows, features.frames), dtype=np.float32)
        self._picture: Sound = empty if self._unrolled is None else self._unrolled.picture
        self._moving = self._features_into(self._picture)

    def _features_into(self, out: Sound) -> StreamingFeatures | StreamingPatch:
        if isinstance(self._features, LogMel):
            return StreamingFeatures(self._features, self.hop, out)
        return StreamingPatch(self._features, self.hop, out)

    def open_stream(self) -> SoundStream:
        """Start one of several streams of sound whose windows go through the network together (``score_pictures``)."""
        picture = np.zeros_like(self._picture)
        return SoundStream(picture, self._features_into(picture))

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        """Posteriors of one window.

        If the window is the previous one, one hop later, only its new frames are computed.

        Args:
            window: ``[window_samples]``
            blanked: samples at its start to ignore (``features.blank_past``), because a word in them was already detected.

        Returns:
            One posterior per label, 0 to 1, rounded to ``DIGITS`` decimal places.
        """
        with torch.inference_mode():
            self._moving(window, blanked)
            logits = self._general() if self._unrolled is None else self._unrolled()
        return self._rounded(logits)

    def score_pictures(self, pictures: Sequence[Sound]) -> list[tuple[float, ...]]:
        """Posteriors of inputs of the network ``[rows, frames]``, from one or several streams, as ``score`` returns them.

        A batch takes a third of the time per window. Since sums are added in another order, the last decimal place of a posterior may
        differ by 1.
        """
        with torch.inference_mode():
            if self._unrolled is None or len(pictures) >= TOGETHER_FROM:
                logits = self._head(self._backbone(torch.from_numpy(np.stack(pictures)[:, None]))).numpy()
                return [self._rounded(each) for each in logits]
            out = []
            for picture in pictures:
                self._picture[:] = picture
                out.append(self._rounded(self._unrolled()))
            return out

    def _rounded(self, logits: Sound) -> tuple[float, ...]:
        return tuple(round(value, DIGITS) for value in self._posteriors.one(logits))

    def _general(self) -> Sound:
        """The logits ``[classes]`` of the picture, for a network that cannot be unrolled."""
        logits: Sound = self._head(self._backbone(torch.from_numpy(self._picture)[None, None]))[0].numpy()
        return logits

    @property
    def picture(self) -> Sound:
        """The network's input in the last call of ``score``: ``[mels, frames]``, newest frame last. The next call overwrites it."""
        return self._picture

    def posteriors(self, windows: Sound) -> Sound:
        """Posteriors ``[batch, labels]`` of windows ``[batch, window_samples]``, not rounded."""
        with torch.inference_mode():
            sound = torch.from_numpy(np.array(windows, dtype=np.float32))
            logits = self._head(self._backbone(self._features(sound)))
            out: Sound = self._posteriors(logits).numpy()
        return out

    def score_all(self, sound: Sound, batch: int = 128) -> list[tuple[int, tuple[float, ...]]]:
        """The time (samples) and posteriors of every hop of a long sound, as ``listening`` computes them, in a fraction of the time.

        Frames that windows share are computed once, and windows go through the network in batches. The posteriors may differ from
        those of ``score`` in their last decimal place.

        Args:
            sound: ``[samples]``; silence is assumed before it.
            batch: windows per batch.
        """
        out: list[tuple[int, tuple[float, ...]]] = []
        with torch.inference_mode():
            for pictures in self._pictures(sound, batch):
                for values in self._posteriors(self._head(self._backbone(pictures))).tolist():
                    out.append(((len(out) + 1) * self.hop, tuple(round(value, DIGITS) for value in values)))
        return out

    def embed_all(self, sound: Sound, batch: int = 128) -> torch.Tensor:
        """The embeddings ``[hops, embedding]`` of every hop of a long sound; see ``score_all``. Training may go on from them."""
        with torch.no_grad():
            return torch.cat([self._backbone(pictures) for pictures in self._pictures(sound, batch)])

    def _pictures(self, sound: Sound, batch: int) -> Iterator[torch.Tensor]:
        """The network's inputs ``[batch, 1, rows, frames]`` for every hop of a long sound."""
        settings = self._features.settings
        shared = isinstance(settings, FeatureSettings) and self.hop % settings.hop_length == 0
        step = self.hop // settings.hop_length
        count = len(sound) // self.hop
        # The window of the first hop ends with that hop; before it there is silence.
        padded = np.concatenate((np.zeros(settings.used_samples - self.hop, dtype=np.float32), sound[: count * self.hop]))
        for first in range(0, count, batch):
            windows = min(batch, count - first)
            since = first * self.hop
            piece = padded[since : since + settings.used_samples + (windows - 1) * self.hop]
            heard = torch.from_numpy(piece.astype(np.float32))
            if shared:
                power = self._features.power(heard[None])[0, 0]
                yield self._features.normalize(power.unfold(1, settings.frames, step).permute(1, 0, 2).unsqueeze(1))
            elif isinstance(self._features, BrowserFft):
                yield self._features.pictures(heard, self.hop)
            else:
                yield self._features(heard.unfold(0, settings.used_samples, self.hop))

    def spectrogram(self, window: Sound) -> Sound:
        """The network's input for one window: ``[rows, frames]``."""
        with torch.inference_mode():
            picture: Sound = self._features(torch.from_numpy(np.array(window[None], dtype=np.float32)))[0, 0].numpy()
        return picture

    def embedding(self, window: Sound) -> Sound:
        """The embedding of one window: ``[embedding]``."""
        out: Sound = self.embeddings(window[None])[0].numpy()
        return out

    def embeddings(self, windows: Sound) -> torch.Tensor:
        """The embeddings ``[batch, embedding]`` of windows ``[batch, window_samples]``."""
        with torch.no_grad():
            out: torch.Tensor = self._backbone(self._features(torch.from_numpy(np.array(windows, dtype=np.float32))))
        return out


class SoundStream:
    """The state of one of several streams of sound that share a recognizer.

    Args:
        picture: buffer for the network's input: ``[rows, frames]``.
        features: they write into that buffer.
    """

    def __init__(self, picture: Sound, features: StreamingFeatures | StreamingPatch) -> None:
        self.picture = picture
        """The network's input for the last window: ``[rows, frames]``."""
        self._features = features

    def take(self, window: Sound, blanked: int = 0) -> None:
        """Compute the picture of a window; see ``Recognizer.score``."""
        with torch.inference_mode():
            self._features(window, blanked)


def loudest_window(sound: Sound, size: int) -> Sound:
    """The ``size`` samples with the most energy; a shorter sound is centered in zeros.

    Args:
        sound: ``[samples]``
        size: samples of the window.
    """
    if len(sound) <= size:
        before = (size - len(sound)) // 2
        return np.pad(sound, (before, size - len(sound) - before)).astype(np.float32)
    energy = np.concatenate(([0.0], np.cumsum(np.square(sound, dtype=np.float64))))
    since = int(np.argmax(energy[size:] - energy[:-size]))
    return sound[since : since + size].astype(np.float32)


def load_recognizer(name: str | Path = "directional4w", threads: int | None = 1) -> Recognizer:
    """Load weights by name or path.

    Args:
        name: of shipped weights, or a path.
        threads: threads of torch in this process; one is the fastest for a network this small. ``None`` changes nothing.

    Raises:
        WeightsError: the file cannot be used.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    return Recognizer(load_weights(name))
