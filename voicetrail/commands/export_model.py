"""Convert weights for other programs: to ONNX (spectrograms in, scores out), or to TensorFlow.js layers.

NAME is the name of shipped weights, or the path of a .safetensors file. The file does not compute features from sound; its metadata
say how to.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from voicetrail import output
from voicetrail.errors import UsageError, WeightsError
from voicetrail.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail export-model``."""
    parser.add_argument("name", metavar="NAME", help="name or path of the weights")
    parser.add_argument("--format", choices=("onnx", "tfjs"), default="onnx", help="the format to write (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="where to write it (default: the file NAME.onnx or the folder NAME-tfjs, here)"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file or folder")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail export-model``."""
    from voicetrail.spotting.weights import load_weights

    weights = load_weights(args.name)
    out = args.out or Path(f"{weights.name}.onnx" if args.format == "onnx" else f"{weights.name}-tfjs")
    if out.exists() and not args.force:
        raise UsageError(f"{printable(out)} already exists; name another with --out, or replace it with --force")
    try:
        if args.format == "onnx":
            from voicetrail.spotting.exporting.onnx import export_onnx

            export_onnx(weights, out)
        else:
            from voicetrail.spotting.exporting.tfjs import export_tfjs

            export_tfjs(weights, out)
    except OSError as error:
        raise WeightsError(f"{printable(out)} cannot be written: {error.strerror}") from None
    output.write_line(f"wrote {printable(out)}")
    return 0
