"""What stands before the network: a ``Frontend`` turns sound into the network's input. Weights name theirs in their metadata.

There are two: ``features.LogMel``, this project's own, and ``browser_fft.BrowserFft``, which TensorFlow.js's speech-commands models
are trained on. Both take the sound at the stream's 16 kHz; one that works at another rate resamples it, once, itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicetrail.errors import WeightsError
from voicetrail.spotting.browser_fft import KIND as BROWSER_FFT
from voicetrail.spotting.browser_fft import BrowserFft, BrowserFftSettings
from voicetrail.spotting.features import FeatureSettings, LogMel

FrontendSettings = FeatureSettings | BrowserFftSettings
"""What makes a frontend; both have ``rows``, ``frames``, ``window_samples`` (at 16 kHz) and ``as_dict``."""


Frontend = LogMel | BrowserFft
"""A torch module; both have ``spectrum``, ``power``, ``normalize``, ``bank`` and ``bin_hz``."""


def build_frontend(settings: FrontendSettings) -> Frontend:
    """Make the frontend that weights name."""
    return LogMel(settings) if isinstance(settings, FeatureSettings) else BrowserFft(settings)


def frontend_settings(values: Mapping[str, Any]) -> FrontendSettings:
    """Read what a settings' ``as_dict`` gave; one that names no kind is log-mel.

    Raises:
        WeightsError: there is no such kind, or a value makes no sense.
    """
    kind = values.get("kind", "log-mel")
    if kind == BROWSER_FFT:
        return BrowserFftSettings.from_dict(values)
    if kind == "log-mel":
        return FeatureSettings.from_dict(values)
    raise WeightsError(f"the weights need features of the kind {str(kind)[:40]!r}, which this program lacks; update voicetrail")
