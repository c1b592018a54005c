"""Play a recorded round, check it, print it, or find out what other settings would have changed.

FILE is a path, the name of a replay in the folder that `voicetrail replays` lists, `last` for the newest one, or `-` for the
standard input. In the player, space pauses, left and right move by 5 s, `,` and `.` by one event, 1 to 5 and + - set the speed, home
and end go to the start and the end, and q quits. A round that is still being recorded is followed live.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import TerminalError, UsageError
from voicetrail.progress import progress_bar
from voicetrail.settings.schema import OF_DETECTOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicetrail.replay.analysis.whatif import Override, WhatIfResult
    from voicetrail.replay.file.reader import Replay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail replay``."""
    from voicetrail.settings.flags import OTHER_FLAGS

    parser.add_argument("file", metavar="FILE", help="the replay: a path, a name from the list, `last`, or `-`")
    how = parser.add_argument_group("instead of the player")
    how.add_argument("--text", action="store_true", help="print what happened, one event per line")
    how.add_argument("--check", action="store_true", help="compare the drawing with the checksums; exit with 1 if they differ")
    how.add_argument("--json", action="store_true", help="print the final state, or the changes, as JSON")
    try_out = parser.add_argument_group(
        "what if (decide again, from the recorded scores, with other settings; shows both drawings and the differences)"
    )
    try_out.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="[WORD=]N",
        help="a threshold for all words, or for one word; may be repeated",
    )
    for setting in OF_DETECTOR:
        text = f"{setting.help} ({setting.range_text})"
        try_out.add_argument(f"--{setting.name.replace('_', '-')}", metavar="NUMBER", help=text)
    try_out.add_argument(
        "--rehear",
        *OTHER_FLAGS["weights"],
        nargs="?",
        const="",
        metavar="WEIGHTS",
        help="recognize the recorded sound again, with these weights (default: those of the session)",
    )
    try_out.add_argument(
        "--suggest", action="store_true", help="propose thresholds from the words that you marked (m) or undid (u)"
    )
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail replay``."""
    from voicetrail.replay.file.reader import read
    from voicetrail.replay.library import find

    if sum((args.text, args.check, args.json)) > 1:
        raise UsageError("--text, --check and --json cannot be combined; choose one")
    override = _override(args)
    path = find(args.file)
    if args.suggest:
        return _suggest(read(path), args)
    if args.rehear is not None or not override.empty:
        return _what_if(read(path), override, args)
    if args.text or args.check or args.json:
        return _print_session(read(path), args)
    return _play(args)


def _override(args: argparse.Namespace) -> Override:
    from voicetrail.replay.analysis.whatif import Override
    from voicetrail.settings.flags import parse_thresholds

    for_all, words = parse_thresholds(args.threshold)
    if isinstance(for_all, str):
        raise UsageError(f"--threshold {for_all}: what-if needs a number; --rehear uses the shipped values")
    others: dict[str, float] = {}
    for setting in OF_DETECTOR:
        given = getattr(args, setting.name)
        value = None if given is None else setting.parse(given)
        if isinstance(value, str):
            flag = f"--{setting.name.replace('_', '-')}"
            raise UsageError(f"{flag} {value}: what-if needs a number; --rehear uses the shipped values")
        if isinstance(value, int | float):
            others[setting.name] = float(value)
    return Override(for_all, words, others)


def _print_session(replay: Replay, args: argparse.Namespace) -> int:
    from voicetrail.replay.analysis import report
    from voicetrail.replay.timeline import Timeline

    with progress_bar("playing the session") as progress:
        timeline = Timeline(replay, progress)
    if args.check:
        right, line = report.check(timeline)
        output.write_line(line)
        return 0 if right else 1
    if args.json:
        output.write_json(report.state(timeline))
        return 0
    from voicetrail.replay.transcript import transcript

    for line in transcript(timeline):
        output.write_line(line)
    return 0


def _suggest(replay: Replay, args: argparse.Namespace) -> int:
    from voicetrail.replay.analysis import report
    from voicetrail.replay.analysis.suggest import suggest

    with progress_bar("looking at the words") as progress:
        proposals = suggest(replay, progress)
    if args.json:
        output.write_json(report.proposals_json(proposals))
    else:
        _print(report.proposal_lines(proposals))
    return 0


def _what_if(replay: Replay, override: Override, args: argparse.Namespace) -> int:
    from voicetrail.replay.analysis import report
    from voicetrail.replay.analysis.whatif import what_if

    if args.rehear is None:
        with progress_bar("deciding again") as progress:
            outcome = what_if(replay, override, progress)
    else:
        outcome = _recognize_again(replay, override, args.rehear)
    if args.json:
        output.write_json(report.outcome_json(outcome))
    elif args.text or args.check:
        output.write_line(report.summary(outcome))
    else:
        width = shutil.get_terminal_size().columns
        _print(report.outcome_lines(outcome, width=width, plain=args.ascii or not output.is_utf8()))
    return 0


def _recognize_again(replay: Replay, override: Override, weights: str) -> WhatIfResult:
    from voicetrail.audio.gain import make_gain
    from voicetrail.replay.analysis.recognize import recognize_again
    from voicetrail.replay.analysis.whatif import last_weights
    from voicetrail.replay.timeline import Timeline
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    name, digest = last_weights(replay)
    recognizer = load_recognizer(weights or name or replay.header.vocabulary)
    states = Timeline(replay).recognizer_states
    # The thresholds of the session do not apply to other weights.
    settings = states[-1].settings if states and recognizer.hash == digest else recognizer.detector
    gain = replay.header.settings.get("gain", 0.0)
    with progress_bar("recognizing the sound again") as progress:
        return recognize_again(replay, recognizer, override(settings), gain=lambda: make_gain(gain), progress=progress)


def _play(args: argparse.Namespace) -> int:
    from voicetrail.replay.file.reader import STDIN, ReplayReader
    from voicetrail.replay.library import find
    from voicetrail.settings import load_settings
    from voicetrail.ui.terminal import check_terminal, save_bandwidth

    if not sys.stdout.isatty():
        raise TerminalError("the player needs a terminal, and the output is not one; use --text to print what happened")
    with ReplayReader(STDIN if args.file == STDIN else find(args.file)) as reader:
        reader.read_on()
        if not sys.stdin.isatty():
            _take_keys_from_the_terminal()
        check_terminal()
        settings = load_settings(profile=args.profile)
        save_bandwidth(settings.values.slow_connection)
        from voicetrail.ui.app import TrailApp
        from voicetrail.ui.screens.replay import ReplayScreen

        plain = args.ascii or settings.values.ascii or not output.is_utf8()
        app = TrailApp(lambda: ReplayScreen(reader.replay, reader=reader), theme=settings.values.theme, ascii_only=plain)
        app.run()
    if app.failure is not None:
        output.write_error(f"voicetrail: an internal error ended the replay; the log is {app.log_path}")
        return 1
    return app.return_code or 0


def _take_keys_from_the_terminal() -> None:
    """Read keys from the terminal itself: the standard input was the replay, or is closed."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise TerminalError(
            "the player needs a keyboard, and there is no terminal; use --text to print what happened"
        ) from error
    os.dup2(terminal, 0)
    os.close(terminal)


def _print(lines: Sequence[str]) -> None:
    output.write_line("\n".join(lines))
