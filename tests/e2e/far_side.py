"""Stands in for `voicetrail` at the far end of an ssh: takes the line as the game does, and writes down what comes when.

    python -m tests.e2e.far_side mic --protocol
    python -m tests.e2e.far_side play --source SPEC --log FILE

A line of the log is a JSON object: ``{"sound": first sample, "count": samples, "at": monotonic seconds, "captured": …, "lost": …}``
or ``{"event": kind, "message": …, "at": …}``. With ``FAR_PROTOCOL`` in the environment it claims that protocol version.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> int:
    if sys.argv[1:] == ["mic", "--protocol"]:
        from voicetrail.link.wire import PROTOCOL

        print(os.environ.get("FAR_PROTOCOL", PROTOCOL))
        return 0
    return play()


def play() -> int:
    # Imported here, as the program itself does: the question for the protocol is asked before every game.
    from voicetrail.events import AudioBlock
    from voicetrail.link.receiving.source import NetworkSource
    from voicetrail.sources import open_source

    options = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    if options["--source"].startswith("words+"):
        return follow_words(options["--source"], Path(options["--log"]))
    source = open_source(options["--source"], paced=True)
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    print("the far side plays")
    with Path(options["--log"]).open("w", buffering=1) as log, source:
        while True:
            item = source.read(0.1)
            now = time.monotonic()
            if isinstance(item, AudioBlock):
                first = round(float(item.samples[0]) * 32768)
                entry = {"sound": first, "count": len(item.samples), "at": now, "captured": item.captured, "lost": item.lost}
                if isinstance(source, NetworkSource):
                    entry["delay"] = source.delay_s
                log.write(json.dumps(entry) + "\n")
            elif item is not None:
                record: dict[str, object] = {"event": type(item).__name__, "message": getattr(item, "message", ""), "at": now}
                log.write(json.dumps(record) + "\n")


def follow_words(spec: str, log: Path) -> int:
    """Write down that events of a recognizer elsewhere come, each as a sound of no samples."""
    from voicetrail.link.receiving.remote_listener import RemoteListener

    listener = RemoteListener(spec)
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    print("the far side plays")
    with log.open("w", buffering=1) as lines:
        for _ in listener.events():
            lines.write(json.dumps({"sound": 0, "count": 0, "at": time.monotonic()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
