"""The event log of a server: one line per event, for a file or the journal, without sound and names of devices.

A line is ``TIME EVENT key=value …``; values are quoted as in JSON if necessary. Everything from outside is made printable first. So
that many events cannot fill the disk, events beyond the rate are only counted, and the next line has their number.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from voicetrail import output
from voicetrail.atomic import PRIVATE_FILE, make_private_folder
from voicetrail.errors import VoicetrailError
from voicetrail.link.delay import TokenBucket
from voicetrail.text import printable

LINES_PER_SECOND, LINES_IN_HAND = 5, 500
"""Maximum rate of lines per second: sustained, and burst."""
VALUE_LIMIT = 80
"""Maximum length of a value, in characters."""
PLAIN = re.compile(r"[A-Za-z0-9_.:/@+-]+")
"""Pattern of values that need no quotes."""


class EventLog:
    """Writes events to a log.

    Args:
        path: the file to append to (mode 0600); ``None`` writes to standard error, for the journal of a service manager.
        stream: used instead of both, for tests.
        clock: monotonic, in s, for the rate.
        now: returns the time for the lines.

    Raises:
        VoicetrailError: the file cannot be opened.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._now = now
        self._bucket = TokenBucket(LINES_PER_SECOND, LINES_IN_HAND)
        self._left_out = 0
        if path is not None:
            try:
                make_private_folder(path.absolute().parent)
                descriptor = os.open(
                    path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, PRIVATE_FILE
                )
            except OSError as error:
                raise VoicetrailError(f"cannot write the log {printable(path)}: {error.strerror}") from None
            self._stream = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace", buffering=1)

    def write(self, event: str, **values: object) -> None:
        """Write an event.

        Args:
            event: name of the event, one plain word.
            values: values of the event; ``None`` is left out.
        """
        if not self._bucket.take(1, self._clock()):
            self._left_out += 1
            return
        if self._left_out:
            values["left_out"], self._left_out = self._left_out, 0
        parts = [self._now().strftime("%Y-%m-%dT%H:%M:%SZ"), event]
        parts += [f"{name}={_written(value)}" for name, value in values.items() if value is not None]
        line = " ".join(parts)
        if self._stream is None:
            output.write_error(line)
        else:
            with contextlib.suppress(OSError, ValueError):  # a full disk must not end a game
                self._stream.write(line + "\n")
                self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    text = printable(value, VALUE_LIMIT)
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
