"""Taught words in streams: in the manner of Mazumder et al. 2021, and false moves an hour.

    python -m bench.teaching_streams WEIGHTS NEGATIVES --data DATA

"Few-Shot Keyword Spotting in Any Language" (Interspeech 2021) teaches one word at a time with five takes, each by another speaker,
lets the detector hear a stream of that word and many others, by speakers of whom there was no take, and finds 87.4 % heard at 4.3 % of
the other words taken. The same here, with words that ``WEIGHTS`` were not trained with. False moves are counted in books read by
readers whom no training heard, with four words by one speaker, five takes each, at the threshold that the set chooses for itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from bench.teaching import UNSEEN, clips_by_speaker, read_take
from voicetrail.audio.blocks import BlockSource
from voicetrail.events import SAMPLE_RATE, WordHeard
from voicetrail.listening import Listener
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import Weights, build_network, load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.negatives import Negatives, backbone_hash, load_negatives
from voicetrail.teaching.heads.teach import Taught, teach
from voicetrail.training.data import heldout
from voicetrail.vocabulary import is_word

Sound = npt.NDArray[np.float32]

TARGETS, OTHERS = 20, 90
"""Clips of the taught word, and of others, in a stream."""
GAP_S = (0.3, 0.8)
LATE_S = 0.75
"""Within so many seconds after a clip's end a detection still belongs to it."""


def recognizer_of(weights: Weights, taught: Taught) -> Recognizer:
    """What a saved set would load."""
    model = build_network(taught.info)
    model.load_state_dict(dict(taught.tensors))
    return Recognizer(replace(weights, info=taught.info, model=model))


def detections(recognizer: Recognizer, sound: Sound, settings: DetectorSettings) -> list[int]:
    """When words were given out, in samples."""
    listener = Listener(BlockSource([sound]), recognizer, Detector(recognizer.labels, settings))
    return [event.time for event in listener.events() if isinstance(event, WordHeard)]


def stream(rng: np.random.Generator, clips: Sequence[tuple[bool, Path]]) -> tuple[Sound, list[tuple[bool, int, int]]]:
    """Clips one after the other over a little hiss; whether each is the word, and where it begins and ends."""
    parts, spans, at = [], [], 0
    for target, path in clips:
        gap = int(rng.uniform(*GAP_S) * SAMPLE_RATE)
        sound, _ = soundfile.read(str(path), dtype="float32")
        parts += [np.zeros(gap, dtype=np.float32), sound]
        spans.append((target, at + gap, at + gap + len(sound)))
        at += gap + len(sound)
    out = np.concatenate([*parts, np.zeros(SAMPLE_RATE, dtype=np.float32)])
    return out + rng.standard_normal(len(out)).astype(np.float32) * np.float32(1e-3), spans


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--words", nargs="+", default=list(UNSEEN))
    parser.add_argument("--minutes", type=float, default=20.0, help="of books read aloud")
    parser.add_argument("--speakers", type=int, default=3, help="whose sets hear them")
    args = parser.parse_args()
    torch.set_num_threads(1)
    commands = args.data / "speech_commands"
    found = clips_by_speaker(commands, args.words)
    listed = {str(Path(line).with_suffix("")) for line in (commands / "validation_list.txt").read_text().split()}
    negatives = load_negatives(args.negatives, backbone_hash(load_weights(args.weights).model.state_dict()))
    known = [
        path
        for folder in sorted(commands.iterdir())
        if folder.is_dir() and folder.name not in args.words and is_word(folder.name)
        for path in sorted(folder.iterdir())
        if f"{folder.name}/{path.stem}" in listed
    ]
    shifts = np.array([-3.0, -1.5, 1.5, 3.0])
    heard, false, targets, others = np.zeros(len(shifts) + 1), np.zeros(len(shifts) + 1), 0, 0
    for number, word in enumerate(args.words):
        rng = np.random.default_rng(number)
        clips = [found[s][word][0] for s in sorted(found) if found[s][word]]
        clips = [clips[i] for i in rng.permutation(len(clips))[: 5 + TARGETS]]
        unknown = [found[s][w][0] for s in sorted(found) for w in args.words if w != word and found[s][w]]
        mixed = [known[i] for i in rng.permutation(len(known))[: OTHERS * 2 // 3]]
        mixed += [unknown[i] for i in rng.permutation(len(unknown))[: OTHERS // 3]]
        order = [(True, path) for path in clips[5:]] + [(False, path) for path in mixed]
        sound, spans = stream(rng, [order[i] for i in rng.permutation(len(order))])
        examples = ExampleSet()
        for path in clips[:5]:
            examples.add(word, read_take(path))
        taught = teach(examples, load_weights(args.weights), negatives, {})
        recognizer = recognizer_of(load_weights(args.weights), taught)
        at = np.log(taught.threshold / (1 - taught.threshold))
        limits = [*(1 / (1 + np.exp(-(at + shifts)))), taught.threshold]
        for column, limit in enumerate(limits):
            settings = replace(recognizer.detector, threshold=float(np.clip(limit, 0.02, 0.999)), thresholds={})
            times = detections(recognizer, sound, settings)
            for target, begin, end in spans:
                given = any(begin <= time <= end + LATE_S * SAMPLE_RATE for time in times)
                if target:
                    heard[column] += given
                else:
                    false[column] += given
        targets += sum(target for target, _, _ in spans)
        others += sum(not target for target, _, _ in spans)
        print(f"{word}: {heard[-1] / targets:.1%} heard so far, {false[-1] / others:.1%} of others taken", flush=True)
    for shift, a, b in zip(shifts, heard, false, strict=False):
        print(f"| threshold {shift:+.1f} | {a / targets:.1%} heard | {b / others:.1%} of other words taken |")
    print(f"| the set's own threshold | {heard[-1] / targets:.1%} heard | {false[-1] / others:.1%} of other words taken |")
    _talk(args, found, negatives)


def _talk(args: argparse.Namespace, found: dict[str, dict[str, list[Path]]], negatives: Negatives) -> None:
    """Count false moves in books read aloud."""
    rows = [line.split("\t") for line in (args.data / "talk" / "transcripts.tsv").read_text("utf-8").splitlines()[1:]]
    paths = [args.data / row[0] for row in rows if row[1] in heldout.READERS]
    parts, size = [], 0
    for path in paths:
        if size >= args.minutes * 60 * SAMPLE_RATE or not path.is_file():
            continue
        parts += [soundfile.read(str(path), dtype="float32")[0], np.zeros(SAMPLE_RATE // 2, dtype=np.float32)]
        size += len(parts[-2]) + len(parts[-1])
    sound = np.concatenate(parts)
    words = args.words[:4]
    speakers = [s for s in sorted(found) if all(len(found[s][w]) >= 5 for w in words)]
    chosen = [speakers[i] for i in np.random.default_rng(11).permutation(len(speakers))[-args.speakers :]]
    counts = []
    for speaker in chosen:
        examples = ExampleSet()
        for word in words:
            for path in found[speaker][word][:5]:
                examples.add(word, read_take(path))
        taught = teach(examples, load_weights(args.weights), negatives, {})
        recognizer = recognizer_of(load_weights(args.weights), taught)
        counts.append(len(detections(recognizer, sound, recognizer.detector)))
        print(f"{speaker}: {counts[-1]} false moves, {taught.false_an_hour:.1f} an hour assumed")
    print(f"{sum(counts) / len(counts) / len(sound) * SAMPLE_RATE * 3600:.1f} false moves an hour of books read aloud")


if __name__ == "__main__":
    main()
