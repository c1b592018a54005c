"""Measures taught words in streams, as Mazumder et al. (2021) do, and false moves per hour.

    python -m bench.teaching_streams WEIGHTS NEGATIVES --data DATA

"Few-Shot Keyword Spotting in Any Language" (Interspeech 2021) teaches one word at a time with five takes, each by a different speaker.
The detector then runs on a stream of ten minutes with this word and others, by other speakers. The streams follow TensorFlow's
``generate_streaming_test_wav``: a clip of one second every three seconds, over noise of Speech Commands at a tenth of its amplitude.
A word counts as detected if a detection occurs within 0.75 s of its clip. Every other detection is a false accept; the rate is their
number divided by the number of other clips. With one threshold for 440 words, 87.4 % are detected at a rate of 4.3 %.

This module does the same with words that ``WEIGHTS`` were not trained with; half of the other clips are of such words, too. ``same``
shifts the sets' own thresholds by the same amount; ``equal`` chooses each threshold so that the same part of the shipped clips of
known words reaches it. False moves are counted in audiobooks by readers who are not in the training data, with four words by one
speaker, five takes each, at the set's own threshold.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from bench.teaching import UNSEEN, clips_by_speaker, read_take
from voicetrail.events import SAMPLE_RATE, WordHeard
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import Weights, build_network, load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.negatives import Negatives, backbone_hash, load_negatives
from voicetrail.teaching.heads.teach import Taught, teach
from voicetrail.training.data import heldout
from voicetrail.vocabulary import is_word

Sound = npt.NDArray[np.float32]
Scored = list[tuple[int, tuple[float, ...]]]

STEP_S = 3
"""Time between the starts of two clips, in s."""
NOISE_GAIN = 0.1
LATE_S = 0.75
"""A detection up to this time after the end of a clip still belongs to the clip."""
SHIFTS = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 1.0)
TAKEN = (0.005, 0.01, 0.02, 0.03, 0.05)
"""Fractions of the shipped clips of known words that reach a threshold."""


def recognizer_of(weights: Weights, taught: Taught) -> Recognizer:
    """The recognizer that loading the saved set would give."""
    model = build_network(taught.info)
    model.load_state_dict(dict(taught.tensors))
    return Recognizer(replace(weights, info=taught.info, model=model))


def detections(recognizer: Recognizer, scores: Scored, settings: DetectorSettings) -> list[int]:
    """Times of the detections, in samples."""
    detector = Detector(recognizer.labels, settings)
    return [event.time for at, row in scores for event in detector.feed(at, row) if isinstance(event, WordHeard)]


def stream(
    rng: np.random.Generator, clips: Sequence[tuple[bool, Path]], noise: Sound
) -> tuple[Sound, list[tuple[bool, int, int]]]:
    """Make a stream of clips, one every three seconds, over noise; and for each clip, whether it is the word, its start and its
    end.
    """
    out = np.resize(noise[int(rng.integers(0, len(noise))) :], (len(clips) * STEP_S + 1) * SAMPLE_RATE) * np.float32(NOISE_GAIN)
    spans = []
    for number, (target, path) in enumerate(clips):
        sound = soundfile.read(str(path), dtype="float32")[0][:SAMPLE_RATE]
        at = number * STEP_S * SAMPLE_RATE + int(rng.integers(0, (STEP_S - 1) * SAMPLE_RATE))
        out[at : at + len(sound)] += sound
        spans.append((target, at, at + len(sound)))
    return np.clip(out, -1, 1), spans


@dataclass(frozen=True, slots=True)
class Counts:
    """The results of a stream at one threshold."""

    heard: int
    false: int


def count(times: Sequence[int], spans: Sequence[tuple[bool, int, int]]) -> Counts:
    """Count the words that were detected, and the detections that belong to no word."""
    late = int(LATE_S * SAMPLE_RATE)
    own = [(begin + SAMPLE_RATE - late, end + late) for target, begin, end in spans if target]
    heard = sum(any(since <= time <= until for time in times) for since, until in own)
    return Counts(heard, sum(not any(since <= time <= until for since, until in own) for time in times))


def known_scores(taught: Taught, negatives: Negatives) -> npt.NDArray[np.float64]:
    """The highest score of each shipped clip of a known word, with the head that is used in play."""
    from bench.teaching import head_of

    head = head_of(taught)
    reserved = [index for index, name in enumerate(negatives.names) if not is_word(name)]
    clips = negatives.at(torch.tensor([int(kind) not in reserved for kind in negatives.kinds]))
    # Any layers with these coordinates get the same posteriors.
    pooled = torch.linalg.lstsq(clips.space.matrix.T, clips.embeddings.T).solution.T + clips.space.center
    found: npt.NDArray[np.float64] = head.posteriors(pooled).amax(1).double().numpy()
    return found


def main() -> None:
    """Measure and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--words", nargs="+", default=list(UNSEEN))
    parser.add_argument("--draws", type=int, default=1, help="sets of five takes per word, each with its own stream")
    parser.add_argument("--clips", type=int, default=200, help="clips in a stream")
    parser.add_argument("--minutes", type=float, default=20.0, help="length of the audiobooks, in minutes")
    parser.add_argument("--speakers", type=int, default=3, help="number of speakers whose sets are measured")
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = clips_by_speaker(args.data / "speech_commands", args.words)
    negatives = load_negatives(args.negatives, backbone_hash(load_weights(args.weights).model.state_dict()))
    _streams(args, found, negatives)
    _talk(args, found, negatives)


def _streams(args: argparse.Namespace, found: dict[str, dict[str, list[Path]]], negatives: Negatives) -> None:
    """Run the streams, and print the detected words and the false accepts."""
    commands = args.data / "speech_commands"
    listed = {str(Path(line).with_suffix("")) for line in (commands / "validation_list.txt").read_text().split()}
    known = [
        path
        for folder in sorted(commands.iterdir())
        if folder.is_dir() and folder.name not in args.words and is_word(folder.name)
        for path in sorted(folder.iterdir())
        if f"{folder.name}/{path.stem}" in listed
    ]
    noises = [soundfile.read(str(path), dtype="float32")[0] for path in sorted((args.data / "noise" / "background").iterdir())]
    names = [*(f"same {shift:+.1f}" for shift in SHIFTS), *(f"equal {part:.1%}" for part in TAKEN)]
    sums, targets, others = {name: np.zeros(2, dtype=int) for name in names}, 0, 0
    for number, word in enumerate(word for word in args.words for _ in range(args.draws)):
        rng = np.random.default_rng(number)
        clips = [found[s][word][0] for s in sorted(found) if found[s][word]]
        clips = [clips[i] for i in rng.permutation(len(clips))]
        speakers = {path.name.split("_nohash")[0] for path in clips[:5]}
        own = [(True, path) for path in clips[5 : 5 + args.clips * 2 // 5]]
        unknown = [found[s][w][0] for s in sorted(found) if s not in speakers for w in args.words if w != word and found[s][w]]
        rest = args.clips - len(own)
        mixed = [known[i] for i in rng.permutation(len(known))[: rest // 2]]
        mixed += [unknown[i] for i in rng.permutation(len(unknown))[: rest - rest // 2]]
        order = own + [(False, path) for path in mixed]
        noise = noises[int(rng.integers(len(noises)))]
        sound, spans = stream(rng, [order[i] for i in rng.permutation(len(order))], noise)
        examples = ExampleSet()
        for path in clips[:5]:
            examples.add(word, read_take(path))
        taught = teach(examples, load_weights(args.weights), negatives, {})
        recognizer = recognizer_of(load_weights(args.weights), taught)
        scores, reached = recognizer.score_all(sound), known_scores(taught, negatives)
        at = np.log(taught.threshold / (1 - taught.threshold))
        limits = [*(1 / (1 + np.exp(-(at + np.array(SHIFTS))))), *np.quantile(reached, 1 - np.array(TAKEN))]
        for name, limit in zip(names, limits, strict=True):
            settings = replace(recognizer.detector, threshold=float(np.clip(limit, 0.02, 0.999)), thresholds={})
            found_here = count(detections(recognizer, scores, settings), spans)
            sums[name] += (found_here.heard, found_here.false)
        targets += len(own)
        others += len(mixed)
        so_far = ", ".join(f"{name} {a / targets:.1%}/{b / others:.1%}" for name, (a, b) in sums.items())
        print(f"{word}: heard/false so far: {so_far}", flush=True)
    for name, (heard, false) in sums.items():
        print(f"| {name} | {heard / targets:.1%} of {targets} heard | {false / others:.1%} false accepts |")


def _talk(args: argparse.Namespace, found: dict[str, dict[str, list[Path]]], negatives: Negatives) -> None:
    """Count false moves in audiobooks."""
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
        counts.append(len(detections(recognizer, recognizer.score_all(sound), recognizer.detector)))
        print(f"{speaker}: {counts[-1]} false moves, {taught.false_an_hour:.1f} per hour assumed")
    print(f"{sum(counts) / len(counts) / len(sound) * SAMPLE_RATE * 3600:.1f} false moves per hour of audiobooks")


if __name__ == "__main__":
    main()
