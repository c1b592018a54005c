"""Finds takes that are unlike the other takes of their word: said differently, another word, or a noise such as a door.

A take is compared with the other takes of its word by the cosine of their embeddings, relative to the mean of all embeddings. The
shipped negatives define what counts as unlike: if more than the part ``UNLIKE`` of them is as near to the other takes as the take
itself, the take is probably not the word. Unlike a threshold on the cosine, this does not depend on the backbone.

A take that is much more like the takes of another word than like its own is pointed out too: whoever says a word once more than it is
asked for teaches the next word with it, perhaps twice, and two wrong takes look right to each other. On 5 speakers of Speech Commands
no one of 76 right takes was pointed out, and 42 of 42 wrong ones were, one alone or two together (two together: none by the above).

Measured on 40 speakers of Speech Commands: of 785 takes beside three or four right ones, one is pointed out; of 1,296 takes of another
word by the same speaker beside two or three right ones, 93 % are. The backbone knew those words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.examples import ExampleSet, fingerprint
from voicetrail.teaching.heads.head import Embedder, centered
from voicetrail.teaching.making import BASE, shipped_negatives
from voicetrail.teaching.takes import Take, TakeProblem

UNLIKE = 0.02
"""Part of the negatives that may be nearer to the other takes of a word than a take that is not marked."""
NEARER = 0.15
"""How much nearer the takes of another word must be, in cosine."""
LEAST = 3
"""Fewest takes of a word among which one can be marked as unlike."""


class Likeness:
    """Compares takes. It stores embeddings, so that each take is embedded only once.

    Args:
        base: the weights whose backbone is used.

    Raises:
        WeightsError: the weights cannot be used.
        TeachingError: there are no negatives for them.
    """

    def __init__(self, base: str = BASE) -> None:
        shipped = shipped_negatives(base)
        self._embedder = Embedder(load_weights(base), shipped.space)
        negatives = shipped.embeddings
        self._mean = negatives.mean(0)
        self._negatives = torch.nn.functional.normalize(negatives - self._mean, dim=1)
        self._known: dict[bytes, Tensor] = {}

    def mark(self, examples: ExampleSet) -> None:
        """Mark the takes of a set that are unlike the others of their word (``ExampleSet.unlike``)."""
        examples.unlike = frozenset(
            fingerprint(take)
            for word in examples.words
            for take, unlike in zip(examples.takes[word], self.unlike(examples.takes[word]), strict=True)
            if unlike
        )
        examples.like_other = frozenset(self._like_other(examples))

    def unlike(self, takes: Sequence[Take]) -> list[bool]:
        """For each take of a word, whether it is unlike the others."""
        takes = tuple(takes)
        used = [take for take in takes if TakeProblem.EMPTY not in take.problems]
        if len(used) < LEAST:
            return [False] * len(takes)
        vectors = self._vectors(used)
        near = vectors @ vectors.T
        near.fill_diagonal_(-2.0)
        far = iter([self._is_unlike(near[row], vectors, row) for row in range(len(used))])
        return [TakeProblem.EMPTY not in take.problems and next(far) for take in takes]

    def _like_other(self, examples: ExampleSet) -> Iterator[bytes]:
        """Fingerprints of takes that are more like those of another word than like the others of their own."""
        words = {word: examples.distinct(word) for word in examples.words}
        vectors = {word: self._vectors(takes) for word, takes in words.items() if len(takes) >= 2}
        for word, own in vectors.items():
            for row, take in enumerate(words[word]):
                others = torch.cat((own[:row], own[row + 1 :]))
                elsewhere = [_nearest_half(own[row], takes) for other, takes in vectors.items() if other != word]
                if elsewhere and max(elsewhere) > _nearest_half(own[row], others) + NEARER:
                    yield fingerprint(take)

    def _is_unlike(self, near: Tensor, vectors: Tensor, row: int) -> bool:
        """Only the nearer half of the other takes counts, so that one wrong take does not make others look wrong."""
        others = near.topk(len(vectors) // 2).indices
        own = float(near[others].mean())
        return float(((self._negatives @ vectors[others].T).mean(1) > own).float().mean()) > UNLIKE

    def _vectors(self, takes: Sequence[Take]) -> Tensor:
        new = {fingerprint(take): take for take in takes if fingerprint(take) not in self._known}
        if new:
            windows = np.stack([centered(take, self._embedder.window_samples) for take in new.values()])
            found = torch.nn.functional.normalize(self._embedder(windows) - self._mean, dim=1)
            self._known.update(zip(new, found, strict=True))
        return torch.stack([self._known[fingerprint(take)] for take in takes])


def _nearest_half(vector: Tensor, others: Tensor) -> float:
    """The mean cosine of a take with the nearer half of others."""
    near = others @ vector
    return float(near.topk((len(near) + 1) // 2).values.mean())


@cache
def shared(base: str = BASE) -> Likeness:
    """The shared instance of this process."""
    return Likeness(base)
