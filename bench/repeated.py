"""Measures repeated words and slow words, through the game's own loop: ``python -m bench.repeated DATA``.

The speakers are validation speakers of Speech Commands who said all four directions; they are not in the training. Each says each word
five times, with a fixed time between the starts, in a quiet room; several recordings of a word alternate. A word that is said
slowly must be detected only once. The figures are the same in every run (``SEED``).
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.audio.blocks import BlockSource
from voicetrail.errors import VoicetrailError
from voicetrail.events import SAMPLE_RATE, WordHeard, WordRejected
from voicetrail.listening import Listener, RecognizerProtocol
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.training.data.corpus import find_folders
from voicetrail.training.data.heldout import Half
from voicetrail.training.data.recordings import Clips, read_clips
from voicetrail.training.evaluate.streams import Spoken, Stream, cut_word, half, stretched
from voicetrail.vocabulary import DIRECTIONS

SPACINGS_S = (0.65, 0.8, 1.0)
"""Times between the starts of two repetitions, in s."""
TIMES = 5
"""Number of repetitions."""
LONGEST_S = 0.6
"""Longer recordings of a word are skipped, because they cannot be repeated within 0.65 s."""
TEMPO = 0.6
"""Tempo of a word that is said slowly."""
AROUND_S = 0.1
"""How much of its recording is included before and after a word, in s."""
MATCH_WITHIN_S = 0.5
"""A detection later than this after the end of a word does not match it, in s."""
ROOM = 10 ** (-66 / 20)
"""Root mean square of the quiet room: 40 dB below the words."""
SEED = 31


@dataclass(slots=True)
class Figures:
    """The results of some streams."""

    spoken: int = 0
    heard: int = 0
    other: int = 0
    """False detections, including duplicates."""
    too_soon: int = 0
    """Near misses because of the refractory time."""

    def add(self, stream: Stream, events: Sequence[WordHeard | WordRejected]) -> None:
        """Count one stream."""
        free = list(stream.spoken)
        self.spoken += len(free)
        for event in events:
            if isinstance(event, WordRejected):
                self.too_soon += event.reason == "refractory"
                continue
            late = round(MATCH_WITHIN_S * SAMPLE_RATE)
            match = next(
                (word for word in free if word.word == event.word and word.begin < event.time <= word.end + late), None
            )
            if match is None:
                self.other += 1
            else:
                free.remove(match)
                self.heard += 1


def by_speaker(clips: Clips) -> Mapping[str, Mapping[str, list[int]]]:
    """The rows of the clips by speaker and word, for the speakers who said every direction."""
    rows: dict[str, dict[str, list[int]]] = {}
    for row, (word, path) in enumerate(zip(clips.words, clips.paths, strict=True)):
        if clips.end[row] - clips.begin[row] <= LONGEST_S * SAMPLE_RATE:
            rows.setdefault(Path(path).name.split("_")[0], {}).setdefault(word, []).append(row)
    return {speaker: rows[speaker] for speaker in sorted(rows) if len(rows[speaker]) == len(DIRECTIONS)}


def repeated_streams(clips: Clips, spacing_s: float) -> Iterator[Stream]:
    """Streams of every word of every speaker, repeated ``TIMES`` times."""
    for speaker, words in by_speaker(clips).items():
        for word, rows in words.items():
            out, spoken = _room(spacing_s * TIMES + 2.0, speaker + word), []
            for number in range(TIMES):
                row = rows[number % len(rows)]
                begin = SAMPLE_RATE + round(number * spacing_s * SAMPLE_RATE)
                spoken.append(_put(out, cut_word(clips, row, round(AROUND_S * SAMPLE_RATE)), begin, word))
            yield Stream(f"each {spacing_s:g} s", out, tuple(spoken))


def slow_streams(clips: Clips, tempo: float = TEMPO) -> Iterator[Stream]:
    """Streams of every word of every speaker, said slowly once."""
    for speaker, words in by_speaker(clips).items():
        for word, rows in words.items():
            sound = stretched(cut_word(clips, rows[0], round(AROUND_S * SAMPLE_RATE)), tempo, 1.0)
            out = _room(3.5, speaker + word)
            yield Stream(f"tempo {tempo:g}", out, (_put(out, sound, SAMPLE_RATE, word),))


def _room(length_s: float, name: str) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng((SEED, zlib.crc32(name.encode())))
    return rng.normal(0, ROOM, round(length_s * SAMPLE_RATE)).astype(np.float32)


def _put(out: npt.NDArray[np.float32], sound: npt.NDArray[np.float32], begin: int, word: str) -> Spoken:
    since = begin - round(AROUND_S * SAMPLE_RATE)
    out[since : since + len(sound)] += sound[: len(out) - since]
    return Spoken(word, begin, since + len(sound) - round(AROUND_S * SAMPLE_RATE))


def measure(streams: Iterator[Stream], recognizer: RecognizerProtocol, settings: DetectorSettings) -> Figures:
    """Run streams through the game's loop."""
    figures = Figures()
    for stream in streams:
        listener = Listener(BlockSource([stream.sound]), recognizer, Detector(recognizer.labels, settings))
        figures.add(stream, [event for event in listener.events() if isinstance(event, WordHeard | WordRejected)])
    return figures


def validation_clips(data: Path, which: Half | None, cache: Path | None = None) -> Clips:
    """The directions of the validation speakers, or of one half of them."""
    commands = find_folders(data).commands
    listed = [commands / line for line in (commands / "validation_list.txt").read_text("utf-8").split()]
    found = [path if path.exists() else path.with_suffix(".opus") for path in listed if path.parent.name in DIRECTIONS]
    paths = sorted(path for path in found if path.exists())
    clips = read_clips(paths, [path.parent.name for path in paths], cache)
    return clips if which is None else half(clips, which)


def table(recognizer: RecognizerProtocol, settings: DetectorSettings, clips: Clips) -> str:
    """The figures as a Markdown table."""
    lines = [f"{len(by_speaker(clips))} speakers, each direction {TIMES} times", ""]
    lines += ["| from start to start | detected | false detections | too soon |", "| --- | --- | --- | --- |"]
    for spacing in SPACINGS_S:
        found = measure(repeated_streams(clips, spacing), recognizer, settings)
        lines.append(
            f"| {spacing:g} s | {found.heard / found.spoken:.1%} of {found.spoken} | {found.other} | {found.too_soon} |"
        )
    found = measure(slow_streams(clips), recognizer, settings)
    lines.append(
        f"| once, tempo {TEMPO:g} | {found.heard / found.spoken:.1%} of {found.spoken} | {found.other} | {found.too_soon} |"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    from voicetrail.spotting.recognizer import load_recognizer

    parser = argparse.ArgumentParser(prog="python -m bench.repeated", description="The same word five times in a row.")
    parser.add_argument("data", type=Path, help="folder in the Speech Commands layout, or one that contains it")
    parser.add_argument("--weights", default="directional4w", help="name or path of the weights (%(default)s)")
    parser.add_argument("--half", choices=("choosing", "judging"), help="only this half of the validation speakers")
    parser.add_argument("--refractory", type=float, help="refractory time in s, instead of the shipped one")
    parser.add_argument("--cache", type=Path, help="folder for decoded clips")
    args = parser.parse_args(arguments)
    try:
        recognizer = load_recognizer(args.weights)
        settings = recognizer.detector
        if args.refractory is not None:
            settings = replace(settings, refractory=args.refractory)
        print(table(recognizer, settings, validation_clips(args.data, args.half, args.cache)))
    except VoicetrailError as error:
        print(f"voicetrail: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
