"""Creates a session from settings, keys, source, recognizer and recording."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.keys import rebind
from voicetrail.play.context import Send, SessionContext

if TYPE_CHECKING:
    from voicetrail.audio.source import Source
    from voicetrail.events import Event, Ready
    from voicetrail.listening import Listener, NamedRecognizer
    from voicetrail.play.listening.worker import ListeningWorker
    from voicetrail.scores.store import ScoreStore
    from voicetrail.settings import Settings

GIVEN = ("flag", "environment")
"""Origins of settings that were given explicitly for this run; if such a setting cannot be used, the command ends."""


def open_requested_source(settings: Settings) -> Source | None:
    """Open an explicitly requested source before the screen is started, so that the command can end with an error message.

    A source from the settings file, or the default one, is opened after the first paint, and the game also works without it.

    Raises:
        AudioError: the source cannot be opened.
    """
    from voicetrail.link.address import is_words, parse_address

    if is_words(settings.values.source):
        parse_address(settings.values.source)
        return None
    named = settings.origin("source") in GIVEN and settings.values.source not in ("mic", "demo")
    if named or (settings.origin("device") in GIVEN and settings.values.device):
        from voicetrail.sources import open_source

        return open_source(settings.values.source, device=settings.values.input_device, paced=True)
    return None


def make_context(
    settings: Settings, *, opened: Source | None = None, record: str | bool | None = None, slow: bool = False
) -> SessionContext:
    """Create the session context.

    Args:
        settings: the current settings.
        opened: a source that is already open.
        record: record from the first round on; a text is the path of the first recording.
        slow: whether the screen is at the other end of a slow connection.
    """

    def make_worker(context: SessionContext, send: Send) -> ListeningWorker:
        # In the worker's thread, so that numpy and the audio modules are imported after the first paint.
        from voicetrail.audio.gain import make_gain
        from voicetrail.play.listening.updates import SourceRequest
        from voicetrail.play.listening.worker import ListeningWorker

        return ListeningWorker(
            SourceRequest(settings.values.source, settings.values.input_device),
            lambda: _load_recognizer(settings),
            settings.detector_settings,
            send,
            opened=opened,
            make_gain=lambda: make_gain(settings.values.gain),
            gain_setting=lambda: settings.values.gain,
            observer=ContextObserver(context),
            weights_required=settings.origin("weights") in GIVEN,
        )

    actions, problems = rebind(settings.keys)
    return SessionContext(
        settings,
        make_worker,
        actions=actions,
        record_path=Path(record) if isinstance(record, str) else None,
        record=bool(record),
        notices=(*settings.notices, *problems),
        slow=slow,
        open_scores=open_scores,
    )


def open_scores() -> ScoreStore:
    """Open the store of the player's results; a visitor's results also go to the host."""
    from voicetrail.scores.shared import VARIABLE
    from voicetrail.scores.store import ScoreStore

    # On the screen's thread, so the wait for another game's lock must be too short to notice.
    if os.environ.get(VARIABLE):
        from voicetrail.scores.shared.client import host_table
        from voicetrail.scores.visitor import VisitorScoreStore

        if (host := host_table()) is not None:
            return VisitorScoreStore(host, timeout_s=0.3)
    return ScoreStore(timeout_s=0.3)


def _load_recognizer(settings: Settings) -> NamedRecognizer:
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    return load_recognizer(settings.values.recognizer)


class ContextObserver:
    """Passes the listener's events to the current recorder."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def attach(self, listener: Listener, ready: Ready) -> None:
        """Attach a listener."""
        self._context.recording.attach(listener, ready)

    def hear(self, event: Event) -> None:
        """Process an event, in order."""
        self._context.observe(event)
