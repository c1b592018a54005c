"""What is fitted to events: the last layer's rows of the words, and the score filter behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voicetrail.log_odds import FINEST, log_odds
from voicetrail.spotting.score_filter import INPUTS, ScoreFilter
from voicetrail.spotting.talk import talk_confidence, update_talk_level
from voicetrail.spotting.weights import WeightsInfo
from voicetrail.vocabulary import NOISE, UNKNOWN

HOPS = 14
"""Length of the filter (0.56 s): with 10 hops, fewer words are detected; with 20, no more."""
SCALE = 3.0
"""Log-odds are divided by this while fitting, which brings them near 1."""
DIGITS = 4
"""Decimal places of the filter's coefficients."""


class EventModel(nn.Module):
    """From embeddings of hops to the filtered scores of words, in log-odds.

    It computes what ``spotting.posteriors`` and ``spotting.score_filter`` compute, so that gradients pass. Only the rows of the words
    in the last layer are fitted: with the rows of all classes, nothing was gained.

    Args:
        info: of the weights.
        head: their last layer; it is copied.
        words: to fit, labels of ``info``.
    """

    def __init__(self, info: WeightsInfo, head: nn.Linear, words: Sequence[str]) -> None:
        super().__init__()
        labels, self._temperature = info.labels, info.temperature
        self.words = tuple(words)
        self._columns = [info.grouping()[:, index].nonzero()[:, 0] for index in range(len(labels))]
        self._words = [labels.index(word) for word in words]
        self._rivals = [[i for i, label in enumerate(labels) if label not in (UNKNOWN, NOISE, word)] for word in words]
        self._unknown, self._noise = labels.index(UNKNOWN), labels.index(NOISE)
        self._rows = torch.tensor([info.classes.index(word) for word in words])
        self.register_buffer("weight", head.weight.detach().clone())
        self.register_buffer("bias", head.bias.detach().clone())
        self.moved = nn.Parameter(torch.zeros(len(words), head.in_features))
        """What is added to the words' rows of the last layer."""
        self.moved_bias = nn.Parameter(torch.zeros(len(words)))
        self.taps = nn.Parameter(torch.zeros(1, len(INPUTS), HOPS))
        """Oldest hop first, for scaled inputs."""
        self.offset = nn.Parameter(torch.zeros(1))
        with torch.no_grad():
            self.taps[0, 0, -5:] = 1 / 5  # a mean of the word's own log-odds over 0.2 s, to begin with

    def head(self) -> tuple[Tensor, Tensor]:
        """The last layer's weight and bias as they are now."""
        weight = self.get_buffer("weight").index_add(0, self._rows, self.moved)
        return weight, self.get_buffer("bias").index_add(0, self._rows, self.moved_bias)

    def logits(self, embeddings: Tensor) -> Tensor:
        """``[hops, embedding]`` to ``[hops, classes]``."""
        return F.linear(embeddings, *self.head())

    def forward(self, embeddings: Tensor, talk: Tensor) -> Tensor:
        """The filtered scores ``[words, hops]``, in log-odds.

        Args:
            embeddings: ``[hops, embedding]``
            talk: the talk confidence of each hop, ``[hops]``.
        """
        odds = self._log_odds(self.logits(embeddings)) / SCALE
        own = odds[:, self._words].T
        rival = torch.stack([odds[:, rivals].amax(1) for rivals in self._rivals])
        four = torch.stack((own, rival, odds[:, self._unknown].expand_as(own), odds[:, self._noise].expand_as(own)), 1)
        inputs = torch.cat((four, four * talk, talk.expand(len(own), 1, -1)), 1)
        scores: Tensor = F.conv1d(F.pad(inputs, (HOPS - 1, 0), mode="replicate"), self.taps, self.offset)
        return scores[:, 0]

    def _log_odds(self, logits: Tensor) -> Tensor:
        """The log-odds of the labels' posteriors, ``[hops, labels]``; in logarithms throughout, so that no gradient is infinite."""
        scaled = logits / self._temperature
        joined = torch.stack([scaled[:, columns].logsumexp(1) for columns in self._columns], 1) * self._temperature
        posterior = torch.log_softmax(joined, 1)
        largest = -log_odds(FINEST)
        others = torch.log1p(-posterior.exp().clamp(max=1 - FINEST / 2))
        return (posterior - others).clamp(-largest, largest)

    @torch.no_grad()
    def talk(self, embeddings: Tensor, hop: int) -> Tensor:
        """The talk confidence of each hop of a stream, as the filter computes it, ``[hops]``."""
        unknown = torch.sigmoid(self._log_odds(self.logits(embeddings))[:, self._unknown]).tolist()
        level, out = 0.0, np.zeros(len(unknown), dtype=np.float32)
        for row, posterior in enumerate(unknown):
            level = update_talk_level(level, posterior, hop) if row else 0.0
            out[row] = talk_confidence(level)
        return torch.from_numpy(out)

    def score_filter(self) -> ScoreFilter:
        """The filter as it is now."""
        scale = torch.full((len(INPUTS), 1), SCALE)
        scale[-1] = 1.0  # the talk confidence was not scaled
        taps = (self.taps.detach()[0] / scale).flip(1).T.tolist()
        rounded = tuple(tuple(round(value, DIGITS) for value in row) for row in taps)
        return ScoreFilter(rounded, round(float(self.offset.detach()), DIGITS))
