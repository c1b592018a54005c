"""The real app on a stage: its settings in a folder of the test's own, and a recognizer that knows tones for words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from textual.app import App

from tests.ui.tones import ToneRecognizer
from voicetrail.audio.file import FileSource
from voicetrail.game import Sketch
from voicetrail.play.context import Send, SessionContext
from voicetrail.play.listening.updates import SourceRequest
from voicetrail.play.listening.worker import ListeningWorker
from voicetrail.play.setup import ContextObserver
from voicetrail.scores.store import ScoreStore
from voicetrail.settings import Settings, load_settings
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.screens.round import RoundScreen


def make_settings(folder: Path, **flags: object) -> Settings:
    """Settings whose files lie in a folder."""
    env = {"VOICETRAIL_CONFIG_DIR": str(folder / "config"), "VOICETRAIL_STATE_DIR": str(folder / "state")}
    return load_settings({"grid": False, "tutorial": False, **flags}, env=env)


def make_context(
    settings: Settings,
    sound: Path | None = None,
    *,
    notices: Sequence[str] = (),
    spec: str | None = None,
    open_scores: Callable[[], ScoreStore] | None = None,
    clock: Callable[[], float] = monotonic,
) -> SessionContext:
    """A session that listens to a file in real time, or to another source; without one it has no worker."""

    def make_worker(context: SessionContext, send: Send) -> ListeningWorker:
        return ListeningWorker(
            SourceRequest(spec or str(sound)),
            ToneRecognizer,
            settings.detector_settings,
            send,
            opened=None if sound is None else FileSource(sound, paced=True),
            observer=ContextObserver(context),
        )

    return SessionContext(
        settings, None if sound is None and spec is None else make_worker, notices=notices, open_scores=open_scores, clock=clock
    )


def make_app(
    settings: Settings, sound: Path | None = None, *, notices: Sequence[str] = (), spec: str | None = None
) -> VoicetrailApp:
    """The app, with a sketch under way."""
    context = make_context(settings, sound, notices=notices, spec=spec)
    context.begin_round(Sketch(step_length=settings.values.step))
    return VoicetrailApp(context)


def round_screen(app: App[None]) -> RoundScreen:
    """The screen of the round, also while something lies over it."""
    return next(screen for screen in app.screen_stack if isinstance(screen, RoundScreen))


def sketch(screen: RoundScreen) -> Sketch:
    """The drawing of a round."""
    assert isinstance(screen.round.rules, Sketch)
    return screen.round.rules
