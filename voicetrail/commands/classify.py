"""Print the scores of one-second clips.

Of a longer file, the second with the most energy is used. A shorter one is centered in zeros.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from voicetrail import output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from voicetrail.settings.flags import OTHER_FLAGS

    parser.add_argument("clips", type=Path, nargs="*", metavar="CLIP", help="sound files of any format and rate")
    parser.add_argument(
        "--list", type=Path, metavar="FILE", help="read more paths from FILE, one per line; - is the standard input"
    )
    parser.add_argument(
        "--weights",
        *OTHER_FLAGS["weights"],
        default="directional4w",
        help="name or path of the weights, or the name of a set of taught words (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def run(args: argparse.Namespace) -> int:
    """Classify the clips in order. A file that cannot be read is reported on stderr and skipped; the exit code is then 1."""
    from voicetrail.audio.file import read_whole
    from voicetrail.errors import UsageError, VoicetrailError
    from voicetrail.spotting.recognizer import load_recognizer, loudest_window
    from voicetrail.text import printable

    paths = [*args.clips, *_listed(args.list)]
    if not paths:
        raise UsageError("nothing to classify: name sound files, or a list of them with --list FILE")
    recognizer = load_recognizer(args.weights)
    code = 0
    for path in paths:
        try:
            sound = read_whole(path)
        except VoicetrailError as error:
            output.write_error(f"voicetrail: {printable(error, 1000)}")
            code = error.exit_code
            continue
        scores = dict(zip(recognizer.labels, recognizer.score(loudest_window(sound, recognizer.window_samples)), strict=True))
        word = max(scores, key=lambda label: scores[label])
        if args.json:
            output.write_json({"path": str(path), "word": word, "scores": scores}, flush=True)
        else:
            best = sorted(scores.items(), key=lambda item: -item[1])[:3]
            shown = ", ".join(f"{label} {score:.2f}" for label, score in best)
            output.write_line(f"{printable(path, 1000)}: {shown}", flush=True)
    return code


def _listed(path: Path | None) -> Iterator[Path]:
    from voicetrail.errors import UsageError
    from voicetrail.text import printable

    if path is None:
        return
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(
            f"the list {printable(path)} cannot be read: {reason}. It must be UTF-8 text with one path per line"
        ) from None
    yield from (Path(line) for line in text.splitlines() if line.strip())
