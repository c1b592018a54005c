"""Opens what `voicetrail mic` and `voicetrail ssh` serve: the sound of this machine, or the words that its recognizer
detects.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from voicetrail.events import Level, SourceEvent
from voicetrail.link.serving.feeds import SoundFeed, WordsFeed
from voicetrail.link.serving.server import Feed
from voicetrail.settings import load_settings
from voicetrail.sources import open_source


def open_feed(
    args: argparse.Namespace,
    *,
    words: bool,
    on_level: Callable[[Level], None] | None = None,
    on_source_event: Callable[[SourceEvent], None] | None = None,
) -> Feed:
    """Open the source that the command line and the settings name.

    Args:
        args: ``source``, ``device``, ``profile`` and, where the command has it, ``weights``.
        words: run the recognizer here.
        on_level: gets each level.
        on_source_event: gets what happens to the source.

    Raises:
        VoicetrailError: there is no such source, or the weights cannot be loaded.
    """
    weights = getattr(args, "weights", None)
    settings = load_settings({"weights": weights} if words and weights else {}, args.profile)
    device = args.device or settings.values.input_device
    source = open_source(args.source, device=None if device is None else str(device), paced=True)
    if not words:
        return SoundFeed(source, on_level=on_level, on_source_event=on_source_event)
    from voicetrail.audio.gain import make_gain
    from voicetrail.spotting.recognizer import load_recognizer

    recognizer = load_recognizer(settings.values.recognizer)
    detector, gain = settings.detector_settings(recognizer.detector), make_gain(settings.values.gain)
    return WordsFeed(source, recognizer, detector, gain=gain, on_level=on_level, on_source_event=on_source_event)
