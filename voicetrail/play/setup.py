"""Puts a session together: settings, keys, the source that was asked for, the recognizer and the recording."""

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
"""Origins of a setting that was asked for in so many words for this run: what cannot be had then ends the command."""


def open_requested_source(settings: Settings) -> Source | None:
    """Open a source that was named for this run before the screen is taken: if it cannot be had, the command says so and ends.

    What only the settings file names, or nobody, is opened behind the screen, and the game goes on without it.

    Raises:
        AudioError: it cannot be had.
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
    """Make the session of a run.

    Args:
        settings: the settings of the run.
        opened: a source that is open already.
        record: record from the first round on; a text is the file of the first recording.
        slow: the screen lies at the other end of a slow connection.
    """

    def make_worker(context: SessionContext, send: Send) -> ListeningWorker:
        # In the worker's thread: numpy and what reads sound are imported here, behind the painted screen.
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
    """Open what keeps this player's results; a visitor's go to the host as well."""
    from voicetrail.scores.shared import VARIABLE
    from voicetrail.scores.store import ScoreStore

    # On the screen's thread: another game's lock is not waited for longer than a player would notice.
    if os.environ.get(VARIABLE):
        from voicetrail.scores.shared.client import host_table
        from voicetrail.scores.visitor import VisitorScores

        if (host := host_table()) is not None:
            return VisitorScores(host, timeout_s=0.3)
    return ScoreStore(timeout_s=0.3)


def _load_recognizer(settings: Settings) -> NamedRecognizer:
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    return load_recognizer(settings.values.recognizer)


class ContextObserver:
    """Hands the recorder of the moment what the listener gives out."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def attach(self, listener: Listener, ready: Ready) -> None:
        """A listener begins."""
        self._context.recording.attach(listener, ready)

    def hear(self, event: Event) -> None:
        """An event, in its order."""
        self._context.observe(event)
