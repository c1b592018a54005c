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

from bench.teaching import clips_by_speaker, head_of, read_take
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import Embedder, centered
from voicetrail.teaching.heads.negatives import backbone_hash, find_negatives, load_negatives
from voicetrail.teaching.heads.personal import retune
from voicetrail.vocabulary import DIRECTIONS


def main() -> None:
    """Measure, and print a line a speaker and a sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder with speech_commands/")
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--speakers", type=int, default=100)
    parser.add_argument("--negatives", type=Path, help="others than those that ship")
    parser.add_argument(
        "--unchecked", action="store_true", help="take what was retuned also where the check would keep what ships"
    )
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
    negatives = load_negatives(
        args.negatives or find_negatives(), backbone_hash(load_weights("directional4w").model.state_dict())
    )
    shipped, embedder = Recognizer(load_weights("directional4w")), Embedder(load_weights("directional4w"))
    total, better, tests = np.zeros(4, dtype=int), 0, 0
    for name in speakers:
        takes = {word: [read_take(path) for path in found[name][word]] for word in DIRECTIONS}
        test = [(i, take) for i, word in enumerate(DIRECTIONS) for take in takes[word][args.takes :]]
        windows = np.stack([centered(take, embedder.window_samples) for _, take in test])
        truth = torch.tensor([index for index, _ in test])
        before = _heard(torch.from_numpy(shipped.posteriors(windows)), truth, shipped.detector)
        examples = ExampleSet()
        for word, own in takes.items():
            for take in own[: args.takes]:
                examples.add(word, take)
        began = time.monotonic()
        taught, check = retune(examples, load_weights("directional4w"), negatives)
        seconds = time.monotonic() - began
        after = before
        if check.better or args.unchecked:
            head = head_of(taught)
            after = _heard(head.posteriors(embedder.pooled(windows)), truth, taught.info.detector)
        better += check.better
        tests += len(test)
        total += [int(before.sum()), int(after.sum()), int((~before & after).sum()), int((before & ~after).sum())]
        print(name, check.better, check.sentence, f"{seconds:.1f} s", total, flush=True)
    was, now, gained, lost = total.tolist()
    print(f"{len(speakers)} speakers, {tests} test clips, {better} better: shipped heard {was}, retuned {now}")
    print(f"of {tests - was} missed {gained} are heard now; of {was} heard {lost} are missed now")


def _heard(scores: torch.Tensor, truth: torch.Tensor, detector: DetectorSettings) -> torch.Tensor:
    at = torch.tensor([detector.threshold_of(word) for word in DIRECTIONS])
    best = scores[:, : len(DIRECTIONS)].argmax(1)
    return (best == truth) & (scores.gather(1, best[:, None])[:, 0] >= at[best])


if __name__ == "__main__":
    main()
