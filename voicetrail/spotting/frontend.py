"""A ``Frontend`` turns sound into the network's input. The metadata of a weights file say which one it needs.

There are two: ``features.LogMel``, the project's own, and ``browser_fft.BrowserFft``, on which the TensorFlow.js speech-commands
models are trained. Both take sound at the stream's 16 kHz; a frontend that works at another rate resamples it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicetrail.errors import WeightsError
from voicetrail.spotting.browser_fft import KIND as BROWSER_FFT
from voicetrail.spotting.browser_fft import BrowserFft, BrowserFftSettings
from voicetrail.spotting.features import FeatureSettings, LogMel

FrontendSettings = FeatureSettings | BrowserFftSettings
"""Settings of a frontend; both kinds have ``rows``, ``frames``, ``window_samples`` (at 16 kHz) and ``as_dict``."""


Frontend = LogMel | BrowserFft
"""A frontend (torch module); both kinds have ``spectrum``, ``power``, ``normalize``, ``bank`` and ``bin_hz``."""


def build_frontend(settings: FrontendSettings) -> Frontend:
    """Build the frontend with these settings."""
    return LogMel(settings) if isinstance(settings, FeatureSettings) else BrowserFft(settings)


def frontend_settings(values: Mapping[str, Any]) -> FrontendSettings:
    """Read the values that ``as_dict`` returned; without a kind, they are those of log-mel.

    Raises:
        WeightsError: the kind is unknown, or a value is invalid.
    """
    kind = values.get("kind", "log-mel")
    if kind == BROWSER_FFT:
        return BrowserFftSettings.from_dict(values)
    if kind == "log-mel":
        return FeatureSettings.from_dict(values)
    raise WeightsError(
        f"the weights need features of the kind {str(kind)[:40]!r}, which this version does not have; update voicetrail"
    )
