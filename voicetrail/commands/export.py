"""Export a recorded round as another kind of file. The suffix of OUT decides which kind.

.cast   a terminal recording for asciinema (--cast-version 2 for the older format)
.gif    the drawing as it grows               .png   the final drawing
.svg    the final drawing as vector lines; with --animate, an animation
.txt    the final drawing as text             .ans   the same with ANSI colors
.wav    the recorded sound
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from voicetrail import output
from voicetrail.errors import UsageError
from voicetrail.progress import progress_bar
from voicetrail.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail export``."""
    parser.add_argument("file", metavar="FILE", help="the replay: a path, a name in the folder, or `last`")
    parser.add_argument("out", metavar="OUT", help="the file to write, ending in .cast, .gif, .svg, .png, .txt, .ans or .wav")
    parser.add_argument("--animate", action="store_true", help="svg: animate the drawing")
    parser.add_argument(
        "--speed",
        type=float,
        metavar="N",
        help="cast, gif, svg: playback speed (default: 1; gif, svg: as fast as needed for 30 s)",
    )
    parser.add_argument(
        "--idle", type=float, metavar="S", help="cast, gif, svg: shorten pauses to S seconds (default: 10; gif, svg: 1)"
    )
    parser.add_argument(
        "--cast-version", type=int, choices=(2, 3), default=3, help="cast: version of the asciicast format (default: 3)"
    )
    parser.add_argument("--size", default="80x24", metavar="COLSxROWS", help="cast: size of the terminal (default: 80x24)")
    parser.add_argument("--ascii", action="store_true", help="cast, txt, ans: use ASCII characters only")
    parser.add_argument("--force", action="store_true", help="overwrite OUT if it exists")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail export``."""
    from voicetrail.replay.export import Options, export
    from voicetrail.replay.file.reader import read
    from voicetrail.replay.library import find
    from voicetrail.replay.timeline import Timeline

    size = re.fullmatch(r"(\d{1,4})x(\d{1,4})", args.size)
    if size is None:
        raise UsageError(f"--size cannot be {printable(args.size, 40)!r}: write columns and rows, as in 80x24")
    for name, low in (("speed", 0.01), ("idle", 0.0)):
        value = getattr(args, name)
        if value is not None and not low <= value <= 1000:
            raise UsageError(f"--{name} cannot be {value:g}: it takes {low:g} to 1000")
    options = Options(
        speed=args.speed,
        idle=args.idle,
        animate=args.animate,
        cast_version=args.cast_version,
        columns=int(size[1]),
        rows=int(size[2]),
        plain=args.ascii,
    )
    out = Path(args.out)
    with progress_bar("playing the session") as progress:
        timeline = Timeline(read(find(args.file)), progress)
    with progress_bar(f"writing {printable(out.name)}") as progress:
        export(timeline, out, options, force=args.force, progress=progress)
    output.write_line(f"wrote {printable(out)}")
    return 0
