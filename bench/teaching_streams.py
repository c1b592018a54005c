"""Taught words in streams: in the manner of Mazumder et al. 2021, and false moves an hour.

    python -m bench.teaching_streams WEIGHTS NEGATIVES --data DATA

"Few-Shot Keyword Spotting in Any Language" (Interspeech 2021) teaches one word at a time with five takes, each by another speaker, and
lets the detector hear a stream of ten minutes of that word and others, by speakers of whom there was no take. Its streams are those of
TensorFlow's ``generate_streaming_test_wav``: a clip of a second every three seconds, over noise of Speech Commands at a tenth of its
loudness. A word is heard if a detection ends within 0.75 s of its clip; every other detection is a false accept, and they are divided
by the number of other clips. Over 440 words 87.4 % are heard at 4.3 %, at one threshold on the scores of all words.

The same here, with words that ``WEIGHTS`` were not trained with; half of the other clips are of words that they were not trained with
either. ``same`` moves the thresholds that the sets chose for themselves all by as much; ``equal`` sets each so that as many shipped
clips of known words reach it as singles. False moves are counted in books read by readers whom no training heard, with four words by
one speaker, five takes each, at the threshold that the set chooses for itself.
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
"""A clip in so many seconds."""
NOISE_GAIN = 0.1
LATE_S = 0.75
"""Within so many seconds after a clip's end a detection still belongs to it."""
SHIFTS = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 1.0)
TAKEN = (0.005, 0.01, 0.02, 0.03, 0.05)
"""Parts of the shipped clips of known words that reach a threshold."""


def recognizer_of(weights: Weights, taught: Taught) -> Recognizer:
    """What a saved set would load."""
    model = build_network(taught.info)
    model.load_state_dict(dict(taught.tensors))
    return Recognizer(replace(weights, info=taught.info, model=model))


def detections(recognizer: Recognizer, scores: Scored, settings: DetectorSettings) -> list[int]:
    """When words were given out, in samples."""
    detector = Detector(recognizer.labels, settings)
    return [event.time for at, row in scores for event in detector.feed(at, row) if isinstance(event, WordHeard)]


def stream(
    rng: np.random.Generator, clips: Sequence[tuple[bool, Path]], noise: Sound
) -> tuple[Sound, list[tuple[bool, int, int]]]:
    """Clips, one every three seconds, over noise; whether each is the word, and where it begins and ends."""
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
    """What came of a stream at one threshold."""

    heard: int
    false: int


def count(times: Sequence[int], spans: Sequence[tuple[bool, int, int]]) -> Counts:
    """Words that were heard, and detections that belong to none."""
    late = int(LATE_S * SAMPLE_RATE)
    own = [(begin + SAMPLE_RATE - late, end + late) for target, begin, end in spans if target]
    heard = sum(any(since <= time <= until for time in times) for since, until in own)
    return Counts(heard, sum(not any(since <= time <= until for since, until in own) for time in times))


def known_scores(taught: Taught, negatives: Negatives) -> npt.NDArray[np.float64]:
    """The highest score of each shipped clip of a known word, by the head that plays."""
    from bench.teaching import head_of

    head = head_of(taught)
    reserved = [index for index, name in enumerate(negatives.names) if not is_word(name)]
    clips = negatives.at(torch.tensor([int(kind) not in reserved for kind in negatives.kinds]))
    # Any layers with these coordinates get the same posteriors.
    pooled = torch.linalg.lstsq(clips.space.matrix.T, clips.embeddings.T).solution.T + clips.space.center
    found: npt.NDArray[np.float64] = head.posteriors(pooled).amax(1).double().numpy()
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--words", nargs="+", default=list(UNSEEN))
    parser.add_argument("--draws", type=int, default=1, help="sets of five takes a word, with a stream each")
    parser.add_argument("--clips", type=int, default=200, help="of a stream")
    parser.add_argument("--minutes", type=float, default=20.0, help="of books read aloud")
    parser.add_argument("--speakers", type=int, default=3, help="whose sets hear them")
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = clips_by_speaker(args.data / "speech_commands", args.words)
    negatives = load_negatives(args.negatives, backbone_hash(load_weights(args.weights).model.state_dict()))
    _streams(args, found, negatives)
    _talk(args, found, negatives)


def _streams(args: argparse.Namespace, found: dict[str, dict[str, list[Path]]], negatives: Negatives) -> None:
    """Hear the streams, and print what was heard at which false accepts."""
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
        counts.append(len(detections(recognizer, recognizer.score_all(sound), recognizer.detector)))
        print(f"{speaker}: {counts[-1]} false moves, {taught.false_an_hour:.1f} an hour assumed")
    print(f"{sum(counts) / len(counts) / len(sound) * SAMPLE_RATE * 3600:.1f} false moves an hour of books read aloud")


if __name__ == "__main__":
    main()
