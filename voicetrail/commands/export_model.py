"""Write weights for other programs: the network as ONNX (pictures in, scores out), or as layers of TensorFlow.js.

NAME is the name of weights that ship, or the path of a .safetensors file. The features stay outside: the file says how they are made.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from voicetrail import output
from voicetrail.errors import UsageError, WeightsError
from voicetrail.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="name or path of the weights")
    parser.add_argument("--format", choices=("onnx", "tfjs"), default="onnx", help="(%(default)s)")
    parser.add_argument("--out", type=Path, metavar="PATH", help="the file NAME.onnx, or the folder NAME-tfjs (here)")
    parser.add_argument("--force", action="store_true", help="replace what is there")


def run(args: argparse.Namespace) -> int:
    """Export, and say where to."""
    from voicetrail.spotting.weights import load_weights

    weights = load_weights(args.name)
    out = args.out or Path(f"{weights.name}.onnx" if args.format == "onnx" else f"{weights.name}-tfjs")
    if out.exists() and not args.force:
        raise UsageError(f"{printable(out)} exists already; name another with --out, or replace it with --force")
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
