"""Makes ``negatives.safetensors``: the embeddings, shipped with the weights, that heads of taught words must reject.

    python -m voicetrail.training.fit.negatives --data DATA weights/directional4w.safetensors weights/negatives.safetensors

The data are known words by training speakers only, and speech and noise that are not held out. The file contains no sound.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from voicetrail import output
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.heads.head import Embedder
from voicetrail.teaching.heads.negatives import Negatives, backbone_hash, find_space, save_negatives
from voicetrail.training.data.corpus import Corpus, find_folders, load_corpus
from voicetrail.training.data.recordings import CLIP
from voicetrail.vocabulary import NOISE, UNKNOWN

CLIPS = 90
"""Clips of each known word that are kept."""
SPACE_CLIPS = 700
"""Clips of each known word, kept or not, by which the space is found: how recordings of a word differ takes many to know."""
TALK_WINDOWS = 9000
NOISE_WINDOWS = 2500
TALK_STEP = SAMPLE_RATE // 5
"""Samples between two windows of a segment of speech, short enough to miss no word."""
STRETCH = 50
"""Consecutive windows of a segment (10 s); segments are drawn from all of the speech."""

GROUPS = (1.0, 1.0, 0.3)
"""Weights of known words, speech and noise in the choice of the directions of the space."""

Sound = npt.NDArray[np.float32]


def make_negatives(corpus: Corpus, embedder: Embedder, head: nn.Linear, *, seed: int = 1) -> Negatives:
    """Embed known words, speech and noise of a corpus, in a space computed from these embeddings.

    Args:
        corpus: the training split.
        embedder: with the backbone.
        head: the shipped head.
        seed: of the random choices.
    """
    rng = np.random.default_rng(seed)
    names = (*sorted({*corpus.clips.words}), UNKNOWN, NOISE)
    windows: list[Sound] = []
    kinds: list[int] = []
    words = np.array(corpus.clips.words)
    for index, name in enumerate(names[:-2]):
        for row in rng.permutation(np.flatnonzero(words == name))[:CLIPS]:
            clip = corpus.clips.sound[row].astype(np.float32) / 32768.0
            windows.append(np.roll(clip, int(rng.integers(0, CLIP // 4))))
            kinds.append(index)
    talk = _stretches(rng, corpus.talk.sound, TALK_WINDOWS, TALK_STEP, STRETCH)
    noise = _stretches(rng, corpus.noise.sound, NOISE_WINDOWS, SAMPLE_RATE, 5)
    kinds += [len(names) - 2] * len(talk) + [len(names) - 1] * len(noise)
    pooled = torch.cat([embedder.pooled(np.stack(part)) for part in (windows, talk, noise)])
    kind = torch.tensor(kinds)
    count = torch.tensor([len(windows), len(talk), len(noise)])
    weight = torch.repeat_interleave(torch.tensor(GROUPS) / count.clamp(min=1), count)
    space = find_space(pooled, torch.where(kind < len(names) - 2, kind, -1), weight)
    logits = pooled[:, -head.in_features :] @ head.weight.T + head.bias
    return Negatives(space(pooled), kind, names, len(talk) * TALK_STEP / SAMPLE_RATE, logits.detach(), space)


def _stretches(rng: np.random.Generator, sound: npt.NDArray[np.int16], count: int, step: int, length: int) -> list[Sound]:
    """Segments of ``length`` consecutive windows of one second, from evenly spaced positions."""
    span = CLIP + (length - 1) * step
    places = max(1, count // length)
    begins = np.linspace(0, max(0, len(sound) - span), places).astype(np.int64)
    begins = np.clip(begins + rng.integers(0, step, len(begins)), 0, max(0, len(sound) - span))
    return [
        sound[since : since + CLIP].astype(np.float32) / 32768.0
        for begin in begins.tolist()
        for since in range(begin, begin + length * step, step)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the file."""
    parser = argparse.ArgumentParser(prog="python -m voicetrail.training.fit.negatives", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--noise", type=Path, action="append", default=[])
    parser.add_argument("--negatives", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    args = parser.parse_args(arguments)
    weights = load_weights(args.weights)
    backbone = backbone_hash(weights.model.state_dict())
    corpus = load_corpus(find_folders(args.data, args.noise, args.negatives), "training", args.cache)
    made = make_negatives(corpus, Embedder(weights), weights.model.head)
    save_negatives(args.out, made, backbone)
    output.write_line(
        f"{args.out}: {len(made.kinds)} windows of {len(made.names)} kinds, {made.talk_seconds / 60:.0f} min of talk"
    )


if __name__ == "__main__":
    main()
