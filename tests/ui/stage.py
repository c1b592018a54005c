"""The real app on a stage: its settings in a folder of the test's own, and ears that know tones for words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from tests.ui.tones import ToneRecognizer
from voicetrail.audio.file import FileSource
from voicetrail.game import Game
from voicetrail.keys import ACTIONS
from voicetrail.play.hearing import Hearing
from voicetrail.play.recording import RecordingControl
from voicetrail.play.session import Session
from voicetrail.play.updates import SourceRequest, Update
from voicetrail.settings import Settings, load_settings
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.screens.game import GameScreen


def make_settings(folder: Path, **flags: object) -> Settings:
    """Settings whose files lie in a folder."""
    env = {"VOICETRAIL_CONFIG_DIR": str(folder / "config"), "VOICETRAIL_STATE_DIR": str(folder / "state")}
    return load_settings(flags, env=env)


def make_app(
    settings: Settings, sound: Path | None = None, *, notices: Sequence[str] = (), spec: str | None = None
) -> VoicetrailApp:
    """The app, listening to a file in real time, or to another source; without one it has ears that wait for ever."""
    game = Game(step=int(settings.number("step")))
    recording = RecordingControl(game, settings, lambda reason: None)
    session = Session(game, monotonic, recording)

    def make_hearing(tell: Callable[[tuple[Update, ...]], None]) -> Hearing:
        opened = None if sound is None else FileSource(sound, paced=True)
        return Hearing(SourceRequest(spec or str(sound)), ToneRecognizer, settings.detector_settings, tell, opened=opened)

    def make_screen() -> GameScreen:
        return GameScreen(
            session,
            settings,
            ACTIONS,
            None if sound is None and spec is None else make_hearing,
            recording=recording,
            notices=notices,
        )

    return VoicetrailApp(settings, make_screen)
