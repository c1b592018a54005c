"""List the sound inputs of this machine. `--device` takes the number of one, or part of its name."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from voicetrail import output
from voicetrail.errors import AudioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail devices``."""
    parser.add_argument("--json", action="store_true", help="print a JSON list: index, name, default, rate, channels")


def run(args: argparse.Namespace) -> int:
    """Print the inputs.

    Raises:
        AudioError: there is no input, or PortAudio is missing; the message says what to do.
    """
    from voicetrail.audio.devices import lasting_name
    from voicetrail.audio.microphone import inputs, microphone_problem

    found = inputs()
    if args.json:
        output.write_json([asdict(each) for each in found])
    if not found:
        raise AudioError(microphone_problem() or "no microphone: plug one in and try again")
    if not args.json:
        names = [lasting_name(found, each) for each in found]
        width = max(len("name"), *map(len, names))
        output.write_line(f"     {'name':<{width}}  {'rate':>6}  channels")
        for each, name in zip(found, names, strict=True):
            mark = "*" if each.default else " "
            output.write_line(f"{mark} {each.index:>2} {name:<{width}}  {each.rate:>6}  {each.channels:>8}")
        output.write_line(
            "\n* is the system's default. Choose another with `--device NUMBER`, or with `--device` and part of its name."
        )
    return 0
