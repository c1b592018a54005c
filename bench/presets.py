"""Measures the effect of each preset: ``python -m bench.presets --data DATA --synthetic SYNTHETIC``.

Every stream is scored once, and the detector of each preset decides on the same scores. The streams are words clean and in noise,
realistic speech without any direction, and noise alone, from the judging half of the validation speakers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.errors import VoicetrailError
from voicetrail.settings.presets import NONE, PRESETS
from voicetrail.settings.values import SettingValues
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard, StreamMetrics, decide, measure, near_words
from voicetrail.vocabulary import is_word

CONDITIONS = (None, 10.0, 5.0)
"""Level of the words above the noise in dB, ``None`` for no noise."""
NOISE_SNR = 5.0
"""The noise alone has the level that it has in a stream with words at this SNR, in dB."""
SEED = 29


@dataclass(frozen=True, slots=True)
class PresetMetrics:
    """The results of a preset."""

    name: str
    words: Mapping[str, StreamMetrics]
    """By the name of the stream."""
    talk: StreamMetrics
    noise: StreamMetrics


def measure_presets(
    labels: Sequence[str],
    shipped: DetectorSettings,
    words: Sequence[Heard],
    talk: Sequence[Heard],
    noise: Sequence[Heard],
) -> list[PresetMetrics]:
    """Measure the shipped settings, and every preset.

    Args:
        labels: of the recognizer.
        shipped: the settings that come with the weights.
        words: streams with words, one per condition.
        talk: speech without any of the words.
        noise: sound without speech.
    """
    tuned = {NONE: shipped, **{name: SettingValues.of(values).detector_settings(shipped) for name, values in PRESETS.items()}}
    return [
        PresetMetrics(
            name,
            {item.stream.name: _count(labels, settings, [item]) for item in words},
            _count(labels, settings, talk),
            _count(labels, settings, noise),
        )
        for name, settings in tuned.items()
    ]


def _count(labels: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    return measure((item.stream, decide(near_words(item.hops, labels), labels, settings)) for item in heard)


def table(rows: Sequence[PresetMetrics]) -> str:
    """The figures as a Markdown table."""
    conditions = list(rows[0].words)
    head = ["preset", *(f"detected, {name}" for name in conditions), "false moves per hour of speech", "of noise", "latency"]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for row in rows:
        clean = row.words[conditions[0]]
        cells = [
            row.name,
            *(f"{row.words[name].heard:.1%}" for name in conditions),
            f"{row.talk.false_an_hour:.1f}",
            f"{row.noise.false_an_hour:.1f}",
            f"{clean.latency(50) * 1000:.0f} ms, 95 % {clean.latency(95) * 1000:.0f} ms",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    from voicetrail.commands.train import add_data_arguments
    from voicetrail.spotting.recognizer import load_recognizer
    from voicetrail.spotting.score_filter import filtered
    from voicetrail.training.data.corpus import find_folders, load_corpus
    from voicetrail.training.data.heldout import Half
    from voicetrail.training.evaluate.negatives import SPEECH, negative_streams, noise_stream
    from voicetrail.training.evaluate.streams import Stream, word_stream

    parser = argparse.ArgumentParser(prog="python -m bench.presets", description="Measure the effect of each preset.")
    parser.add_argument("weights", nargs="?", default="directional4w", help="name or path of the weights (%(default)s)")
    add_data_arguments(parser)
    parser.add_argument("--seconds", type=float, default=600.0, help="length of each stream with words (%(default)s)")
    parser.add_argument(
        "--choosing", action="store_true", help="use the half that thresholds were chosen on, to adjust presets"
    )
    args = parser.parse_args(arguments)
    try:
        recognizer = load_recognizer(args.weights)
        corpus = load_corpus(find_folders(args.data, args.noise, args.negatives, args.synthetic), "validation", args.cache)
    except VoicetrailError as error:
        print(f"voicetrail: {error}", file=sys.stderr)
        return 1
    half: Half = "choosing" if args.choosing else "judging"
    targets = [label for label in recognizer.labels if is_word(label)]

    def hear(stream: Stream) -> Heard:
        print(f"{stream.name}, {stream.seconds / 60:.0f} min", file=sys.stderr, flush=True)
        hops = filtered(recognizer.score_all(stream.sound), recognizer.labels, recognizer.score_filter)
        return Heard(stream, hops, ())

    words = [hear(word_stream(corpus, half, snr, args.seconds, SEED, targets)) for snr in CONDITIONS]
    talk = [hear(stream) for stream in negative_streams(corpus, half, SEED, targets) if stream.name in SPEECH]
    noise = [hear(noise_stream(corpus, half, NOISE_SNR, 2 * args.seconds, SEED))]
    print(table(measure_presets(recognizer.labels, recognizer.detector, words, talk, noise)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
