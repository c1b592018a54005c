"""Computes the network's input hop by hop: if a window follows the last one by one hop, only its new frames are computed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from voicetrail.spotting.features import BLANK_QUANTILE, LogMel, frames_before

Array = npt.NDArray[np.float32]
_ROOM = 50
"""Hops that fit into the buffer before the sound is moved back to its start."""


class StreamingFeatures:
    """Computes the same picture of a window as its ``LogMel``, in a fraction of the time.

    Args:
        features: those that the network was trained on.
        hop: samples between windows.
        out: ``[mels, frames]``: buffer for the pictures.
    """

    def __init__(self, features: LogMel, hop: int, out: Array) -> None:
        settings = features.settings
        self._features = features
        self._hop = hop
        self._out = out
        self._size = settings.window_samples
        self._sound: Array = np.zeros(self._size + _ROOM * hop, dtype=np.float32)
        """The last window ends at ``_end``; 0 means no window yet."""
        self._end = 0
        self._equal = np.empty(self._size - hop, dtype=np.bool_)
        self._new, rest = divmod(hop, settings.hop_length)
        """New frames per hop; 0 if that is not a whole number, and every window is computed in full."""
        self._new = 0 if rest else self._new
        self._needed = settings.n_fft + (self._new - 1) * settings.hop_length
        self._power: Array = np.zeros((settings.n_mels, settings.frames), dtype=np.float32)
        self._under = features.window.numpy()
        # A complex spectrum is viewed as pairs of numbers, and the squares of both go through the filter row of their bin.
        self._filters: Array = np.repeat(features.filters.numpy(), 2, axis=0)
        self._range = np.float32(10 ** (-settings.range_db / 10))
        self._log_floor = np.float32(settings.log_floor)
        self._frames: Array = np.empty((self._new, settings.n_fft), dtype=np.float32)

    def __call__(self, window: Array, blanked: int = 0) -> None:
        """Write the picture of a window ``[window_samples]`` into ``out``, with its first ``blanked`` samples blanked."""
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
        """The powers with a floor in the first frames, as ``features.blank_past`` computes them."""
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
        """Store a window; return whether it is the previous one, one hop later."""
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
        """The mel powers ``[frames, mels]`` of the newest frames, as ``LogMel.power`` computes them."""
        settings, frames = self._features.settings, self._frames
        step = self._sound.itemsize
        begin = (self._end - self._needed) * step
        # `as_strided` is the cheapest way to make a view of overlapping frames.
        overlapping = np.ndarray(frames.shape, np.float32, self._sound, begin, (settings.hop_length * step, step))
        np.multiply(overlapping, self._under, out=frames)
        parts = np.fft.rfft(frames).astype(np.complex64, copy=False).view(np.float32)
        np.square(parts, out=parts)
        fresh: Array = parts @ self._filters
        return fresh
