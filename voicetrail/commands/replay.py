"""Play a kept session again, check it, tell it, or ask what other settings would have made of it.

FILE is a path, the name of a replay in the folder that `voicetrail replays` shows, or `last` for the newest one. In the player,
space pauses, left and right go 5 s, `.` and `,` one event, 1 to 5 and + - set the speed, home and end go to the ends, q leaves.
"""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicetrail.replay.analysis.whatif import Override, WhatIfResult
    from voicetrail.replay.file.reader import Replay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail replay``."""
    parser.add_argument("file", metavar="FILE", help="the replay: a path, a name in the folder, or `last`")
    how = parser.add_argument_group("instead of the player")
    how.add_argument("--text", action="store_true", help="print the story, a line an event")
    how.add_argument("--check", action="store_true", help="hold the drawing against the checksums; exit 1 at a difference")
    how.add_argument("--json", action="store_true", help="print the final state, or what would change, as JSON")
    try_out = parser.add_argument_group("what if (the recorded scores decided again: both drawings, and what changes)")
    try_out.add_argument(
        "--threshold", action="append", default=[], metavar="[WORD=]N", help="a threshold for all words, or for one; repeatable"
    )
    try_out.add_argument("--refractory", metavar="S", help="seconds in which a word is not given again")
    try_out.add_argument("--smoothing", metavar="S", help="seconds over which scores are averaged")
    try_out.add_argument("--margin", metavar="N", help="how far a word must be ahead of the others")
    try_out.add_argument("--talk-shift", metavar="N", help="how far running talk moves every threshold up")
    try_out.add_argument(
        "--rehear", nargs="?", const="", metavar="WEIGHTS", help="hear the recorded sound again, with these weights or its own"
    )
    try_out.add_argument("--suggest", action="store_true", help="propose thresholds from words marked (m) and taken back (u)")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail replay``."""
    from voicetrail.replay.file.reader import read
    from voicetrail.replay.library import find

    if sum((args.text, args.check, args.json)) > 1:
        raise UsageError("--text, --check and --json are three ways; choose one")
    override = _override(args)
    recording = read(find(args.file))
    if args.suggest:
        return _suggest(recording, args)
    if args.rehear is not None or not override.empty:
        return _what_if(recording, override, args)
    if args.text or args.check or args.json:
        return _tell(recording, args)
    return _play(recording, args)


def _override(args: argparse.Namespace) -> Override:
    from voicetrail.replay.analysis.whatif import Override
    from voicetrail.settings import SETTINGS
    from voicetrail.settings.flags import parse_thresholds

    for_all, words = parse_thresholds(args.threshold)
    if isinstance(for_all, str):
        raise UsageError(f"--threshold {for_all}: what if needs a number; --rehear decides with what ships")
    numbers: dict[str, float | None] = {}
    for name in ("refractory", "smoothing", "margin", "talk_shift"):
        given = getattr(args, name)
        value = None if given is None else SETTINGS[name].parse(given)
        if isinstance(value, str):
            raise UsageError(f"--{name.replace('_', '-')} {value}: what if needs a number; --rehear decides with what ships")
        numbers[name] = float(value) if isinstance(value, int | float) else None
    return Override(for_all, words, **numbers)


def _tell(recording: Replay, args: argparse.Namespace) -> int:
    from voicetrail.replay.analysis import report
    from voicetrail.replay.timeline import Timeline

    timeline = Timeline(recording)
    if args.check:
        right, line = report.check(timeline)
        output.write_line(line)
        return 0 if right else 1
    if args.json:
        output.write_json(report.state(timeline))
        return 0
    from voicetrail.replay.story import story

    for line in story(timeline):
        output.write_line(line)
    return 0


def _suggest(recording: Replay, args: argparse.Namespace) -> int:
    from voicetrail.replay.analysis import report
    from voicetrail.replay.analysis.suggest import suggest

    proposals = suggest(recording)
    if args.json:
        output.write_json(report.proposals_json(proposals))
    else:
        _print(report.proposal_lines(proposals))
    return 0


def _what_if(recording: Replay, override: Override, args: argparse.Namespace) -> int:
    from voicetrail.replay.analysis import report
    from voicetrail.replay.analysis.whatif import what_if

    outcome = what_if(recording, override) if args.rehear is None else _rehear(recording, override, args.rehear)
    if args.json:
        output.write_json(report.outcome_json(outcome))
    elif args.text or args.check:
        output.write_line(report.summary(outcome))
    else:
        width = shutil.get_terminal_size().columns
        _print(report.outcome_lines(outcome, width=width, plain=args.ascii or _plain()))
    return 0


def _rehear(recording: Replay, override: Override, weights: str) -> WhatIfResult:
    from voicetrail.audio.gain import make_gain
    from voicetrail.replay.analysis.rehear import rehear
    from voicetrail.replay.analysis.whatif import last_weights
    from voicetrail.replay.progress import Progress
    from voicetrail.replay.timeline import hearings
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    name, digest = last_weights(recording)
    recognizer = load_recognizer(weights or name or recording.header.vocabulary)
    then = [hearing.settings for hearing in hearings(recording.entries)]
    # The thresholds of the session are worth nothing to other weights.
    settings = then[-1] if then and recognizer.hash == digest else recognizer.detector
    gain = recording.header.settings.get("gain", 0.0)
    with Progress("hearing the sound again") as progress:
        return rehear(recording, recognizer, override(settings), gain=lambda: make_gain(gain), progress=progress.show)


def _play(recording: Replay, args: argparse.Namespace) -> int:
    from voicetrail.settings import load_settings
    from voicetrail.ui.terminal import check_terminal, spare_the_line

    check_terminal()
    settings = load_settings()
    spare_the_line(settings.values.slow_line)
    from voicetrail.ui.app import TrailApp
    from voicetrail.ui.screens.replay import ReplayScreen

    plain = args.ascii or settings.values.ascii or _plain()
    app = TrailApp(lambda: ReplayScreen(recording), theme=settings.values.theme, ascii_only=plain)
    app.run()
    if app.failure is not None:
        output.write_error(f"voicetrail: an error of the program ended the replay; its log is {app.log_path}")
        return 1
    return app.return_code or 0


def _plain() -> bool:
    """Whether the output cannot take more than ASCII."""
    return not output.is_utf8()


def _print(lines: Sequence[str]) -> None:
    output.write_line("\n".join(lines))
