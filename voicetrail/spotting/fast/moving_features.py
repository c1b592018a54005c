"""The network's input, hop by hop: of a window that goes on where the last one stood, only the new frames are computed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from voicetrail.spotting.features import BLANK_QUANTILE, LogMel, frames_before

Array = npt.NDArray[np.float32]
_ROOM = 50
"""Hops for which the sound moves on in its buffer before it is put back to the start."""


class StreamingFeatures:
    """Makes the same picture of a window as its ``LogMel``, in a fraction of the time.

    Args:
        features: what the network was trained on.
        hop: samples between windows.
        out: ``[mels, frames]``: where the pictures go.
    """

    def __init__(self, features: LogMel, hop: int, out: Array) -> None:
        settings = features.settings
        self._features = features
        self._hop = hop
        self._out = out
        self._size = settings.window_samples
        self._sound: Array = np.zeros(self._size + _ROOM * hop, dtype=np.float32)
        """The last window ends at ``_end``; none yet at 0."""
        self._end = 0
        self._equal = np.empty(self._size - hop, dtype=np.bool_)
        self._new, rest = divmod(hop, settings.hop_length)
        """Frames that a hop brings; 0 where it brings no whole number of them, and every window is a new one."""
        self._new = 0 if rest else self._new
        self._needed = settings.n_fft + (self._new - 1) * settings.hop_length
        self._power: Array = np.zeros((settings.n_mels, settings.frames), dtype=np.float32)
        self._under = features.window.numpy()
        # A spectrum is looked at as pairs of numbers, and both squares of a bin go through its row of the filters.
        self._filters: Array = np.repeat(features.filters.numpy(), 2, axis=0)
        self._range = np.float32(10 ** (-settings.range_db / 10))
        self._log_floor = np.float32(settings.log_floor)
        self._frames: Array = np.empty((self._new, settings.n_fft), dtype=np.float32)

    def __call__(self, window: Array, blanked: int = 0) -> None:
        """Put the picture of a window ``[window_samples]`` into ``out``, its first ``blanked`` samples left out."""
        if self._goes_on(window):
            power, new = self._power, self._new
            power[:, :-new] = power[:, new:]
            power[:, -new:] = self._fresh().T
        else:
            used = self._sound[None, self._end - self._features.settings.used_samples : self._end]
            self._power = np.ascontiguousarray(self._features.power(torch.from_numpy(used))[0, 0].numpy())
        power, out = self._blanked(frames_before(self._features.settings, blanked)), self._out
        np.add(power, self._log_floor + np.maximum.reduce(power, axis=None) * self._range, out=out)
        np.log(out, out=out)
        out -= np.add.reduce(out, axis=None) / np.float32(out.size)
        out *= np.float32(1 / self._features.SCALE)

    def _blanked(self, frames: int) -> Array:
        """The powers with a floor in place of the first frames: what ``features.blank_past`` does."""
        if not frames:
            return self._power
        left = self._power[:, frames:]
        at = BLANK_QUANTILE * (left.shape[1] - 1)
        below = int(at)
        ordered = np.partition(left, (below, below + 1), axis=1)
        floor = ordered[:, below] + (ordered[:, below + 1] - ordered[:, below]) * np.float32(at - below)
        power = self._power.copy()
        power[:, :frames] = floor[:, None]
        return power

    def _goes_on(self, window: Array) -> bool:
        """Take a window over; tell whether it is the last one, a hop later."""
        sound, hop, size, end = self._sound, self._hop, self._size, self._end
        overlap = size - hop
        goes_on = bool(self._new and end) and bool(
            np.equal(window[:overlap], sound[end - overlap : end], out=self._equal).all()
        )
        if not goes_on:
            sound[:size] = window
            self._end = size
            return False
        if end + hop > len(sound):
            sound[:overlap] = sound[end - overlap : end]
            end = overlap
        sound[end : end + hop] = window[overlap:]
        self._end = end + hop
        return True

    def _fresh(self) -> Array:
        """The mel powers ``[frames, mels]`` of the newest frames: what ``LogMel.power`` computes."""
        settings, frames = self._features.settings, self._frames
        step = self._sound.itemsize
        begin = (self._end - self._needed) * step
        # A view of overlapping frames, made where it costs the least.
        overlapping = np.ndarray(frames.shape, np.float32, self._sound, begin, (settings.hop_length * step, step))
        np.multiply(overlapping, self._under, out=frames)
        parts = np.fft.rfft(frames).astype(np.complex64, copy=False).view(np.float32)
        np.square(parts, out=parts)
        fresh: Array = parts @ self._filters
        return fresh
