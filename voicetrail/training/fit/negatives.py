"""Makes ``negatives.safetensors``, the embeddings that ship beside the weights for the heads of taught words to refuse.

    python -m voicetrail.training.fit.negatives --data DATA weights/directional4w.safetensors weights/negatives.safetensors

Known words come from training speakers only; talk and noise from what is not held out. Nothing of the sound is in the file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

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
"""Samples between two windows of one stretch of talk: short enough that no word slips between two."""
STRETCH = 50
"""Windows in a row of one stretch (10 s); stretches are drawn from all over the talk."""

GROUPS = (1.0, 1.0, 0.3)
"""Weight of known words, talk and noise when the directions of the space are chosen."""

Sound = npt.NDArray[np.float32]


def make_negatives(corpus: Corpus, embedder: Embedder, head: nn.Linear, *, seed: int = 1) -> Negatives:
    """Embed known words, talk and noise of a corpus, in the space that they themselves span.

    Args:
        corpus: of the training split.
        embedder: of the backbone.
        head: that ships with it.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    names = (*sorted({*corpus.clips.words}), UNKNOWN, NOISE)
    windows: list[Sound] = []
    kinds: list[int] = []
    words = np.array(corpus.clips.words)
    more = list[Tensor]()
    more_kinds = list[int]()
    for index, name in enumerate(names[:-2]):
        rows = rng.permutation(np.flatnonzero(words == name))[:SPACE_CLIPS]
        clips = [np.roll(corpus.clips.sound[row].astype(np.float32) / 32768.0, int(rng.integers(0, CLIP // 4))) for row in rows]
        windows += clips[:CLIPS]
        kinds += [index] * len(clips[:CLIPS])
        if clips[CLIPS:]:
            more.append(embedder.pooled(np.stack(clips[CLIPS:])))
            more_kinds += [index] * len(clips[CLIPS:])
    talk = _stretches(rng, corpus.talk.sound, TALK_WINDOWS, TALK_STEP, STRETCH)
    noise = _stretches(rng, corpus.noise.sound, NOISE_WINDOWS, SAMPLE_RATE, 5)
    kinds += [len(names) - 2] * len(talk) + [len(names) - 1] * len(noise)
    pooled = torch.cat([embedder.pooled(np.stack(part)) for part in (windows, talk, noise)])
    kind = torch.tensor(kinds)
    count = torch.tensor([len(windows), len(talk), len(noise)])
    weight = torch.repeat_interleave(torch.tensor(GROUPS) / count.clamp(min=1), count)
    space = find_space(
        torch.cat([pooled, *more]),
        torch.cat([torch.where(kind < len(names) - 2, kind, -1), torch.tensor(more_kinds, dtype=kind.dtype)]),
        torch.cat([weight, torch.zeros(len(more_kinds))]),
    )
    logits = pooled[:, -head.in_features :] @ head.weight.T + head.bias
    return Negatives(space(pooled), kind, names, len(talk) * TALK_STEP / SAMPLE_RATE, logits.detach(), space)


def _stretches(rng: np.random.Generator, sound: npt.NDArray[np.int16], count: int, step: int, length: int) -> list[Sound]:
    """Windows of a second, ``length`` of them in a row at a time, from evenly spread places."""
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
