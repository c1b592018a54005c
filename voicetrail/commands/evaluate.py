"""Measure a recognizer on validation clips, on held-out noise and, with --stream, on streams through the game's own loop.

The streams hold words of the validation speakers at random intervals, clean and in noise, and more than an hour of speech without
any direction. They measure the words detected, the false moves per hour, and the latency after the end of a word.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from voicetrail import output
from voicetrail.commands.train import add_data_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail evaluate``."""
    parser.add_argument(
        "weights", nargs="?", default="directional4w", help="name or path of the weights (default: %(default)s)"
    )
    add_data_arguments(parser)
    parser.add_argument("--stream", action="store_true", help="also measure streams, which takes minutes")
    parser.add_argument(
        "--seconds", type=float, default=420.0, help="length of each stream with words, in seconds (default: %(default)g)"
    )
    parser.add_argument(
        "--every-word", action="store_true", help="with --stream: use all words that it knows, not only the directions"
    )
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="write a Markdown report with plots into this folder")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail evaluate``."""
    from voicetrail.errors import UsageError
    from voicetrail.spotting.weights import load_weights
    from voicetrail.training.data.corpus import find_folders, load_corpus
    from voicetrail.training.evaluate import report as reports
    from voicetrail.training.evaluate.evaluation import Streams, evaluate

    if not 30 <= args.seconds <= 36_000:
        raise UsageError("--seconds must be between 30 and 36000")
    weights = load_weights(args.weights)
    folders = find_folders(args.data, args.noise, args.negatives, args.synthetic)
    corpus = load_corpus(folders, "validation", args.cache)
    streams = Streams(args.seconds, every_word=args.every_word) if args.stream else None
    found = evaluate(weights, corpus, streams=streams, log=output.write_error)
    if args.json:
        output.write_json(found.as_dict())
    else:
        output.write_line(reports.text(found))
    if args.report is not None:
        output.write_error(f"report: {reports.write(found, args.report)}")
    return 0
