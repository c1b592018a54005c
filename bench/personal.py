"""Personal mode: words of a speaker that the shipped weights miss, and how many of them are heard once they are retuned to the voice.

    python -m bench.personal --data DATA --takes 4

Of validation speakers, whom no training saw; the takes that are left are the test.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from bench.teaching import clips_by_speaker, read_take
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.head import Embedder, Head, HeadSettings, centered, embed_takes
from voicetrail.teaching.making import shipped_negatives
from voicetrail.teaching.personal import adapt, retune
from voicetrail.vocabulary import DIRECTIONS


def main() -> None:
    """Measure, and print a line a speaker and a sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder with speech_commands/")
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--speakers", type=int, default=100)
    parser.add_argument("--strengths", type=float, nargs="*", default=[], help="compare these strengths only, without a check")
    args = parser.parse_args()
    torch.set_num_threads(1)
    root = args.data / "speech_commands"
    listed = {str(Path(line).with_suffix("")) for line in (root / "validation_list.txt").read_text().split()}
    found = clips_by_speaker(root, list(DIRECTIONS))
    speakers = [
        name
        for name, words in sorted(found.items())
        if all(len(words[w]) > args.takes for w in DIRECTIONS) and f"up/{words['up'][0].stem}" in listed
    ][: args.speakers]
    negatives = shipped_negatives()
    sums = {key: np.zeros(4, dtype=int) for key in (args.strengths or ["check"])}
    improved = 0
    for name in speakers:
        takes = {word: [read_take(path) for path in found[name][word]] for word in DIRECTIONS}
        weights = load_weights("directional4w")
        state, info = weights.model.state_dict(), weights.info
        shipped = Head(info.classes, state["head.weight"].clone(), state["head.bias"].clone(), DIRECTIONS, (), info.temperature)
        embedder = Embedder(weights)
        test = [(i, take) for i, word in enumerate(DIRECTIONS) for take in takes[word][args.takes :]]
        clean = embedder(np.stack([centered(take, embedder.window_samples) for _, take in test]))
        truth = torch.tensor([index for index, _ in test])
        before = _heard(shipped.posteriors(clean), truth, info.detector.threshold)
        given = {word: takes[word][: args.takes] for word in DIRECTIONS}
        settings = HeadSettings()
        for key, total in sums.items():
            began = time.monotonic()
            if key == "check":
                examples = ExampleSet()
                for word, own in given.items():
                    for take in own:
                        examples.add(word, take)
                taught, check = retune(examples, load_weights("directional4w"), negatives, settings)
                improved += check.better
                head = Head(
                    info.classes, taught.tensors["head.weight"], taught.tensors["head.bias"], DIRECTIONS, (), info.temperature
                )
                after = _heard(head.posteriors(clean), truth, taught.threshold) if check.better else before
                print(name, check.better, check.sentence, f"{time.monotonic() - began:.1f} s", flush=True)
            else:
                positives = embed_takes(embedder, given, np.zeros(0, dtype=np.float32), settings)
                after = _heard(
                    adapt(shipped, positives, negatives, settings, float(key)).posteriors(clean), truth, info.detector.threshold
                )
            total += [int(before.sum()), int(after.sum()), int((~before & after).sum()), int((before & ~after).sum())]
    for key, (was, now, gained, lost) in sums.items():
        tests = sum(len(found[name][w]) - args.takes for name in speakers for w in DIRECTIONS)
        print(f"{key}: {len(speakers)} speakers, {tests} test clips, {improved} kept: shipped heard {was}, retuned {now}")
        print(f"  of {tests - was} missed {gained} are heard now; of {was} heard {lost} are missed now")


def _heard(scores: torch.Tensor, truth: torch.Tensor, threshold: float) -> torch.Tensor:
    return (scores.argmax(1) == truth) & (scores.max(1).values >= threshold)


if __name__ == "__main__":
    main()
