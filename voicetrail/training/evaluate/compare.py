"""Weights side by side: the same clips and the same streams of the judging half, through the game's own loop, in one table.

``python -m voicetrail.training.evaluate.compare --data DATA OUT WEIGHTS…`` keeps what it found of each weights file in ``OUT``, and
measures again only what has changed: one that was stopped goes on with the next weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voicetrail import output
from voicetrail.atomic import replace_file
from voicetrail.errors import VoicetrailError
from voicetrail.spotting.weights import load_weights
from voicetrail.training.data.corpus import Corpus, find_folders, load_corpus
from voicetrail.training.evaluate.evaluation import Streams, evaluate
from voicetrail.training.evaluate.report import table

HEARD = (
    "clean",
    "20 dB",
    "10 dB",
    "5 dB",
    "room, 0.5 s",
    "hall, 1 s",
    "people talking, 10 dB",
    "telephone",
    "rapid",
    "same word",
)
"""The conditions that are compared (``conditions``)."""
NEGATIVES = ("words", "readers", "kitchen", "music", "noise")
"""The streams without any direction that are compared (``negatives``)."""
SECONDS, LONGEST_S = 180.0, 600.0
"""Length of a stream with words, and of the longest one without."""

Figures = Mapping[str, Any]
"""Of one weights file: what ``Report.as_dict`` gives, and its threshold and name."""


def figures(path: Path, corpus: Callable[[], Corpus], out: Path, streams: Streams) -> Figures:
    """Measure one weights file, or read what was measured of it before.

    Args:
        path: of the weights.
        corpus: gives the validation split, which is loaded only where something is to be measured.
        out: folder for what is found.
        streams: which, and how long.

    Raises:
        VoicetrailError: the weights cannot be used.
    """
    weights = load_weights(path)
    # The folder's name: the weights of all networks have the name of their vocabulary.
    name = f"{path.parent.name}-{path.stem}"
    asked = {
        "hash": weights.hash,
        "seconds": streams.seconds,
        "longest_s": streams.longest_s,
        "names": list(streams.names or ()),
    }
    file = out / f"{name}.json"
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if found.get("asked") == asked:
            return found
    detector = weights.info.detector
    report = evaluate(weights, corpus(), streams=streams, log=lambda line: output.write_error(f"{name}: {line}"))
    found = {
        **report.as_dict(),
        "asked": asked,
        "architecture": weights.info.architecture,
        "threshold": max(detector.threshold_of(word) for word in report.clips.by_word),
    }
    out.mkdir(parents=True, exist_ok=True)
    replace_file(file, json.dumps(found, indent=1))
    return found


def comparison(found: Sequence[Figures]) -> str:
    """The table: a row for what is measured, a column for each weights file."""

    def row(what: str, value: Callable[[Figures], str]) -> list[str]:
        return [what, *(value(each) for each in found)]

    rows = [
        row("parameters", lambda each: f"{each['parameters']:,}"),
        row("ms a hop, one thread", lambda each: f"{each['hop_ms']:.2f}"),
        row("threshold", lambda each: f"{each['threshold']:.2f}"),
        row("clips right", lambda each: f"{each['clips']['accuracy']:.1%}"),
        row("clips right at 1 % false accepts", lambda each: f"{each['clips']['recall_at_1_percent_false_accepts']:.1%}"),
        *([name, *(_heard(each, name) for each in found)] for name in HEARD),
        row("mean of these", lambda each: f"{np.mean([stream['heard'] for stream in each['streams'].values()]):.1%}"),
        *([_length(found, name), *(_false(each, name) for each in found)] for name in NEGATIVES),
    ]
    return table(["", *(f"`{each['architecture']}`" for each in found)], rows)


def _heard(each: Figures, name: str) -> str:
    stream = each["streams"].get(name)
    return "" if stream is None else f"{stream['heard']:.1%} ({stream['false_an_hour']:.0f})"


def _length(found: Sequence[Figures], name: str) -> str:
    hours = next((each["negatives"][name]["hours"] for each in found if name in each["negatives"]), 0.0)
    return f"{name}, {60 * hours:.0f} min: false moves an hour"


def _false(each: Figures, name: str) -> str:
    stream = each["negatives"].get(name)
    return "" if stream is None else f"{stream['false_an_hour']:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="python -m voicetrail.training.evaluate.compare", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="recordings, as training reads them")
    parser.add_argument(
        "--negatives", type=Path, action="append", default=[], help="another folder of speech without the words"
    )
    parser.add_argument("--synthetic", type=Path, help="what training.data.synthesize wrote")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="folder for decoded sound (%(default)s)")
    parser.add_argument("out", type=Path, help="folder for what is found")
    parser.add_argument("weights", type=Path, nargs="+", help="weights files")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of each stream with words (%(default)s)")
    args = parser.parse_args(arguments)
    loaded: list[Corpus] = []

    def corpus() -> Corpus:
        if not loaded:
            folders = find_folders(args.data, negatives=args.negatives, synthetic=args.synthetic)
            loaded.append(load_corpus(folders, "validation", args.cache))
        return loaded[0]

    streams = Streams(args.seconds, (*HEARD, *NEGATIVES), LONGEST_S)
    try:
        found = [figures(path, corpus, args.out, streams) for path in args.weights]
    except VoicetrailError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    output.write_line(comparison(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
