"""Check the terminal, the sound, the recognizer and the settings, and say how to fix what is wrong.

The check listens to the microphone for one second. The exit code is 1 if something fails.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.checkup.finding import Finding
    from voicetrail.settings import Settings

HERE = ("weights", "vocabulary", "device")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail doctor``."""
    from voicetrail.settings import SETTINGS
    from voicetrail.settings.flags import add_setting_flags

    parser.add_argument("--json", action="store_true", help="print one JSON object per line: part, verdict, text, advice")
    add_setting_flags(parser, without=[name for name in SETTINGS if name not in HERE])


def run(args: argparse.Namespace) -> int:
    """Print each finding as it is made; return 1 if any check failed."""
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags

    settings = load_settings(setting_flags(args), args.profile)
    failed, part = 0, ""
    for finding in _findings(settings):
        failed += finding.verdict == "fail"
        if args.json:
            output.write_json(asdict(finding), flush=True)
            continue
        if finding.part != part:
            part = finding.part
            output.write_line(part)
        output.write_line(f"  {finding.verdict:<4}  {printable(finding.text, 300)}", flush=True)
        if finding.advice:
            output.write_line(f"        fix: {printable(finding.advice, 300)}", flush=True)
    if not args.json:
        output.write_line(
            f"\nChecks that failed: {failed}. Fix them, then run this again." if failed else "\nEverything works."
        )
    return 1 if failed else 0


def _findings(settings: Settings) -> Iterator[Finding]:
    from voicetrail.atomic import is_open_to_others
    from voicetrail.checkup.finding import Finding
    from voicetrail.checkup.probe import SIGNS, console_lacks, measure_widths
    from voicetrail.checkup.terminal import check_terminal

    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        columns, rows = os.get_terminal_size()
        size = (columns, rows) if columns and rows else None
    except OSError:
        size = None
    asks = is_terminal and output.is_utf8() and os.environ.get("TERM", "dumb") != "dumb"
    yield from check_terminal(
        os.environ,
        is_terminal=is_terminal,
        size=size,
        encoding=sys.stdout.encoding or "ascii",
        widths=measure_widths(SIGNS) if asks else None,
        lacking=console_lacks(SIGNS) if is_terminal else (),
    )
    for notice in settings.notices:
        yield Finding("settings", "warn", notice)
    yield Finding("settings", "ok", f"in {settings.paths.settings}")
    for folder in (settings.paths.settings.parent, settings.paths.state_folder):
        if is_open_to_others(folder):
            yield Finding("settings", "warn", f"{folder} can be read by others on this machine", f"chmod 700 {folder}")
    from voicetrail.checkup.sound import check_sound

    yield from check_sound(settings.values.input_device)
    from voicetrail.checkup.recognizer import check_recognizer

    yield from check_recognizer(settings.values.recognizer)
