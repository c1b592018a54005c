"""The game: say up, down, left, right, and a trail draws itself. The arrow keys draw too; ? shows every key."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import VoicetrailError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicetrail.audio.source import Source
    from voicetrail.play.hearing import Hearing, NamedRecognizer
    from voicetrail.play.updates import Update
    from voicetrail.settings import Settings
    from voicetrail.ui.app import VoicetrailApp

GIVEN = ("flag", "environment")
"""Origins of a setting that was asked for in so many words for this run: what cannot be had then ends the command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every setting, and where to keep the session."""
    from voicetrail.settings.flags import add_setting_flags

    parser.add_argument(
        "--record",
        nargs="?",
        const=True,
        metavar="FILE",
        help="keep the session from the start, in FILE or in the platform's data folder",
    )
    add_setting_flags(parser, without=("record",))


def run(args: argparse.Namespace) -> int:
    """Play."""
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags
    from voicetrail.ui.terminal import check_terminal, spare_the_line

    check_terminal()
    # What is imported now stays: looking through it for garbage again and again would hold up the first paint (see `TrailApp`).
    gc.disable()
    record, args.record = args.record, None
    settings = load_settings(setting_flags(args), args.profile, background=True)
    spare_the_line(settings.switch("slow_line"))
    try:
        return _play(settings, _open_what_was_asked_for(settings), record)
    finally:
        settings.close()


def _open_what_was_asked_for(settings: Settings) -> Source | None:
    """Open a source that was named for this run before the screen is taken: if it cannot be had, the command says so and ends.

    What only the settings file names, or nobody, is opened behind the screen, and the game goes on without it.

    Raises:
        AudioError: it cannot be had.
    """
    from voicetrail.link.address import is_words, parse_address

    if is_words(settings.text("source")):
        parse_address(settings.text("source"))
        return None
    named = settings.origin("source") in GIVEN and settings.text("source") not in ("mic", "demo")
    if named or (settings.origin("device") in GIVEN and settings.text("device")):
        from voicetrail.sources import open_source

        return open_source(settings.text("source"), device=settings.text("device") or None, paced=True)
    return None


def _play(settings: Settings, opened: Source | None, record: str | bool | None) -> int:
    from voicetrail.game import Game
    from voicetrail.keys import rebind
    from voicetrail.play.recording import RecordingControl
    from voicetrail.play.session import Session
    from voicetrail.play.updates import Problem
    from voicetrail.ui.app import VoicetrailApp
    from voicetrail.ui.look import ascii_locale
    from voicetrail.ui.messages import RecordingEnded, UpdatesArrived
    from voicetrail.ui.screens.game import GameScreen

    game = Game(
        step=int(settings.number("step")),
        mode="glide" if settings.text("mode") == "glide" else "step",
        glide_speed=settings.number("glide_speed"),
        glide_silence=settings.number("glide_silence"),
    )

    def recording_ended(reason: str) -> None:
        if (screen := app.game) is not None:
            screen.post_message(RecordingEnded(reason))

    def not_kept(why: str) -> None:
        if (screen := app.game) is not None:
            screen.post_message(UpdatesArrived((Problem(why),)))

    recording = RecordingControl(game, settings, recording_ended, Path(record) if isinstance(record, str) else None)
    session = Session(game, monotonic, recording)
    actions, problems = rebind(settings.keys)
    said = [*settings.notices, *problems]
    if record or settings.switch("record"):
        # Before the screen is taken: a file that cannot be made ends the command with one line.
        said.insert(0, recording.start(session.now_ms))

    def make_hearing(tell: Callable[[tuple[Update, ...]], None]) -> Hearing:
        # In the worker's thread: numpy and what reads sound are imported here, behind the painted screen.
        from voicetrail.audio.gain import make_gain
        from voicetrail.play.hearing import Hearing
        from voicetrail.play.recording import RecorderObserver
        from voicetrail.play.updates import SourceRequest

        return Hearing(
            SourceRequest(settings.text("source"), settings.text("device") or None),
            lambda: _load_recognizer(settings),
            settings.detector_settings,
            tell,
            opened=opened,
            make_gain=lambda: make_gain(settings["gain"]),
            observer=RecorderObserver(recording.recorder, session),
            weights_required=settings.origin("weights") in GIVEN,
        )

    app = VoicetrailApp(
        settings,
        lambda: GameScreen(session, settings, actions, make_hearing, recording=recording, notices=said),
        ascii_only=ascii_locale(),
    )
    settings.keeper.on_trouble = not_kept
    app.run()
    recording.stop(session.now_ms, "signal" if app.ended_by else "quit")
    settings.close()
    return _end(app)


def _load_recognizer(settings: Settings) -> NamedRecognizer:
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    return load_recognizer(settings.text("weights") or settings.text("vocabulary"))


def _end(app: VoicetrailApp) -> int:
    """Say what has to be said once the terminal is the player's again, and leave."""
    if app.exit_error:
        raise VoicetrailError(app.exit_error)
    code = app.return_code or 0
    if app.failure is not None:
        output.write_error(f"voicetrail: an error of the program ended the game; its log is {app.log_path}")
        code = 1
    if app.left_loading:
        # An import cannot be interrupted, and a thread that is inside one must not meet the interpreter's end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
