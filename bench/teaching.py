"""How well taught words are heard: words that a backbone never saw, a few takes of one speaker, and everything else refused.

    python -m bench.teaching WEIGHTS NEGATIVES --data DATA --words up down left right --takes 4 --speakers 20

``WEIGHTS`` must have been trained without the words (copy the data without their folders); ``NEGATIVES`` is what
``voicetrail.training.fit.negatives`` made with them. Takes come from speakers who said every word often enough; what is left of
their takes, the same words by other speakers, and validation clips of all other words and held-out talk are the test.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
import torch

from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.head import Embedder, Head, centered
from voicetrail.teaching.negatives import backbone_hash, load_negatives
from voicetrail.teaching.takes import Take, find_takes
from voicetrail.teaching.teach import Taught, teach
from voicetrail.vocabulary import is_word


def read_take(path: Path) -> Take:
    """A clip of one word as a take: the loudest take found in it, or the whole clip."""
    sound, _ = soundfile.read(str(path), dtype="float32")
    found = sorted(find_takes(sound), key=lambda take: take.level_db)
    return found[-1] if found else Take(sound, 0, len(sound))


def clips_by_speaker(data: Path, words: list[str]) -> dict[str, dict[str, list[Path]]]:
    """Clips of each speaker, by word."""
    out: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for word in words:
        for path in sorted((data / word).iterdir()):
            out[path.name.split("_nohash")[0]][word].append(path)
    return out


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a folder with speech_commands/ and talk/")
    parser.add_argument("--words", nargs="+", required=True)
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--speakers", type=int, default=20)
    parser.add_argument("--talk", type=Path, help="running speech that the negatives do not hold, for false moves an hour")
    args = parser.parse_args()
    torch.set_num_threads(1)
    commands = args.data / "speech_commands"
    listed = set((commands / "validation_list.txt").read_text().split())
    validation = {str(Path(line).with_suffix("")) for line in listed}
    by_speaker = clips_by_speaker(commands, args.words)
    speakers = [s for s in sorted(by_speaker) if all(len(by_speaker[s][w]) > args.takes for w in args.words)]
    speakers = [speakers[i] for i in np.random.default_rng(1).permutation(len(speakers))[: args.speakers]]
    negatives = load_negatives(args.negatives, backbone_hash(load_weights(args.weights).model.state_dict()))
    embedder = Embedder(load_weights(args.weights))
    size = embedder.window_samples
    others = [
        path
        for folder in sorted(commands.iterdir())
        if folder.is_dir() and folder.name not in args.words and is_word(folder.name)
        for path in sorted(folder.iterdir())
        if f"{folder.name}/{path.stem}" in validation
    ]
    others = [others[i] for i in np.random.default_rng(2).permutation(len(others))[:1500]]
    refused = embedder(np.stack([centered(read_take(path), size) for path in others]))
    talk, talk_seconds = _talk(embedder, args.talk, size) if args.talk else (torch.zeros(0, embedder.size), 0.0)
    strangers = {
        word: [p for s in sorted(by_speaker) if s not in speakers for p in by_speaker[s][word][:1]][:60] for word in args.words
    }
    stranger = {w: embedder(np.stack([centered(read_take(p), size) for p in ps])) for w, ps in strangers.items() if ps}
    rows: dict[str, list[float]] = defaultdict(list)
    for name in speakers:
        examples = ExampleSet()
        test: list[tuple[int, Path]] = []
        for index, word in enumerate(args.words):
            paths = by_speaker[name][word]
            for path in paths[: args.takes]:
                examples.add(word, read_take(path))
            test += [(index, path) for path in paths[args.takes :]]
        began = time.perf_counter()
        taught = teach(examples, load_weights(args.weights), negatives, {})
        rows["seconds"].append(time.perf_counter() - began)
        head = head_of(taught)
        own = head.posteriors(embedder(np.stack([centered(read_take(path), size) for _, path in test])))
        truth = torch.tensor([index for index, _ in test])
        limit = float(torch.quantile(head.posteriors(refused).amax(1), 0.99))
        right = own.argmax(1) == truth
        rows["right"] += right.float().tolist()
        rows["right at 1 % of other words"] += (right & (own.amax(1) > limit)).float().tolist()
        rows["heard at the threshold"] += (right & (own.amax(1) >= taught.threshold)).float().tolist()
        rows["other words taken"].append(float((head.posteriors(refused).amax(1) >= taught.threshold).float().mean()))
        for index, word in enumerate(w for w in args.words if w in stranger):
            scores = head.posteriors(stranger[word])
            fits = scores.argmax(1) == index
            rows["other speakers right"] += fits.float().tolist()
            rows["other speakers right at 1 %"] += (fits & (scores.amax(1) > limit)).float().tolist()
        if talk_seconds:
            over = head.posteriors(talk).amax(1) >= taught.threshold
            starts = int((over[1:] & ~over[:-1]).sum() + over[0])
            rows["talk windows taken an hour"].append(starts / talk_seconds * 3600)
            rows["assumed an hour"].append(taught.false_an_hour)
    print(f"{len(args.words)} words, {args.takes} takes, {len(speakers)} speakers, {len(rows['right'])} test takes")
    for name, values in rows.items():
        unit = "" if "hour" in name or name == "seconds" else " %"
        print(f"| {name} | {np.mean(values) * (100 if unit else 1):.1f}{unit} |")


def head_of(taught: Taught) -> Head:
    """The head of what was taught."""
    tensors, info = taught.tensors, taught.info
    words = tuple(label for label in info.labels if is_word(label))
    return Head(info.classes, tensors["head.weight"], tensors["head.bias"], words, temperature=info.temperature)


def _talk(embedder: Embedder, folder: Path, size: int) -> tuple[torch.Tensor, float]:
    sound = np.concatenate([soundfile.read(str(p), dtype="float32")[0] for p in sorted(folder.rglob("*.opus"))[:150]])
    step = 3200
    out = [
        embedder(np.stack([sound[at : at + size] for at in range(first, min(first + 256 * step, len(sound) - size), step)]))
        for first in range(0, len(sound) - size, 256 * step)
    ]
    return torch.cat(out), len(sound) / 16000


if __name__ == "__main__":
    main()
