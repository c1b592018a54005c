"""Print detected words from the microphone, a sound file (as fast as possible), or a network connection.

INPUT is mic, demo (the bundled voice), a sound file, tcp://HOST:PORT or unix:///PATH (a Wyoming microphone), pcm+tcp://… or
pcm+unix://… (raw 16-bit sound), a FIFO, or - for sound on the standard input.
"""

from __future__ import annotations

import argparse
import os
import stat
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from voicetrail import output
from voicetrail.errors import UsageError
from voicetrail.events import (
    Event,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceLost,
    WordHeard,
    WordRejected,
    seconds,
)
from voicetrail.settings.schema import TUNING
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.settings import Settings

HERE = ("weights", "vocabulary", "device", *TUNING)
"""Settings that this command has a flag for, besides ``gain``; the others only concern the game."""
DECIMALS = 3
"""Decimal places of times and scores."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail listen``."""
    from voicetrail.settings import SETTINGS
    from voicetrail.settings.flags import add_setting_flags

    parser.add_argument("input", metavar="INPUT", help="mic, demo, a file, tcp://…, unix://…")
    parser.add_argument("--json", action="store_true", help="print one JSON object per detection or near miss")
    add_setting_flags(parser, without=[name for name in SETTINGS if name not in (*HERE, "gain")])


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail listen`` until the source ends. Messages about the source go to the standard error."""
    from voicetrail.settings import load_settings
    from voicetrail.settings.flags import setting_flags

    settings = load_settings(setting_flags(args), args.profile)
    for notice in settings.notices:
        output.note(notice)
    printer = _JsonPrinter() if args.json else _TextPrinter()
    _listen(args.input, settings, printer)
    return 0


def _listen(spec: str, settings: Settings, printer: _Printer) -> None:
    from voicetrail.audio.gain import make_gain
    from voicetrail.sources import notice_of, open_source

    device = settings.values.input_device
    # A file is opened before torch is imported, so that a wrong name is reported at once. A device or connection is opened afterwards:
    # the import takes a second, and the sound of that second would be lost.
    source = open_source(spec) if _is_file(spec) else None
    try:
        from voicetrail.listening import Listener
        from voicetrail.spotting.detector import Detector
        from voicetrail.spotting.recognizer import load_recognizer

        recognizer = load_recognizer(settings.values.recognizer)
        _check_words(settings.values.thresholds, recognizer.labels)
        detector = Detector(recognizer.labels, settings.detector_settings(recognizer.detector))
        if source is None:
            patient = settings.origin("device") not in ("flag", "environment")
            source = open_source(spec, device=device, patient=patient)
    except BaseException:
        if source is not None:
            source.close()
        raise
    listener = Listener(source, recognizer, detector, gain=make_gain(settings.values.gain))
    printer.begins(source.name, source.live, recognizer.name)
    if (notice := notice_of(source)) is not None:
        output.note(notice)
    try:
        for event in listener.events():
            printer.show(event)
    finally:
        source.close()


def _is_file(spec: str) -> bool:
    """Whether the input is a sound file (or should be one), rather than a device or a connection."""
    if spec in ("mic", "-") or "://" in spec:
        return False
    try:
        return not stat.S_ISFIFO(os.stat(spec).st_mode)
    except (OSError, ValueError):
        return True


def _check_words(words: Collection[str], labels: Collection[str]) -> None:
    """Reject a threshold for a word that these weights do not know.

    Raises:
        UsageError: there is such a threshold.
    """
    from voicetrail.vocabulary import VOCABULARIES, is_word

    known = {word for each in VOCABULARIES.values() for word in each}
    for word in words:
        # The settings file may contain words of the other vocabulary.
        if word not in labels and word not in known:
            raise UsageError(
                f"there is a threshold for {printable(word, 40)!r}, which these weights do not know; they know "
                f"{', '.join(filter(is_word, labels))}"
            )


class _Printer(Protocol):
    """Prints events."""

    def begins(self, source: str, live: bool, weights: str) -> None: ...

    def show(self, event: Event) -> None: ...


class _JsonPrinter:
    """Prints one JSON object per line, flushed."""

    def begins(self, source: str, live: bool, weights: str) -> None:
        """Print nothing: the standard output is for events only."""

    def show(self, event: Event) -> None:
        """Print a word or a near miss."""
        entry: dict[str, object]
        if isinstance(event, WordHeard):
            entry = {"type": "detection", "time": _time(event), "word": event.word, "score": round(event.score, DECIMALS)}
        elif isinstance(event, WordRejected):
            entry = {
                "type": "rejection",
                "time": _time(event),
                "word": event.word,
                "score": round(event.score, DECIMALS),
                "reason": event.reason,
                "lacking": round(event.lacking, DECIMALS),
            }
            if event.rival is not None:
                entry["rival"] = event.rival
        else:
            _print_source_event(event)
            return
        output.write_json(entry, flush=True)


class _TextPrinter:
    """Prints one line per event, for a person."""

    def begins(self, source: str, live: bool, weights: str) -> None:
        """Print the name of a live source."""
        if live:
            output.write_error(f"listening to {printable(source)} with {printable(weights)}; ctrl+c ends")

    def show(self, event: Event) -> None:
        """Print a word or a near miss."""
        if isinstance(event, WordHeard):
            line = f"{_time(event):9.3f} s  {event.word:<8} {event.score:.2f}"
        elif isinstance(event, WordRejected):
            line = f"{_time(event):9.3f} s  ({event.word} {event.score:.2f}: {_why(event)})"
        else:
            _print_source_event(event)
            return
        output.write_line(line, flush=True)


def _print_source_event(event: Event) -> None:
    """Print on the standard error what happened to the source."""
    if isinstance(event, SourceLost | SourceDelayed):
        text = event.message
    elif isinstance(event, SourceBack):
        text = f"receiving sound from {event.name}"
    elif isinstance(event, SamplesLost):
        text = f"{seconds(event.count):.2f} s of sound was lost, {seconds(event.total):.2f} s in total"
    else:
        return
    output.write_error(f"{seconds(event.time):9.3f} s  {printable(text)}")


def _why(event: WordRejected) -> str:
    if event.reason == "threshold":
        return f"{event.lacking:.2f} below its threshold"
    if event.reason == "refractory":
        return f"{event.lacking:.2f} s too soon after the last detection"
    if event.reason == "margin":
        return f"too close to {event.rival}" if event.rival is not None else "too close to another word"
    return "not listening"


def _time(event: WordHeard | WordRejected) -> float:
    return round(seconds(event.time), DECIMALS)
