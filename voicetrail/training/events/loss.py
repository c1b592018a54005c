"""The loss of events: a spoken word counts once, at the hop where its score is highest.

A training on windows tells the network what each of them contains. A player's word is an event of many windows: the score has to be
high at one of them, no matter which, soon after the end of the word. Sound without the word is cut into pieces, and of each only the
highest score counts. This is the max-pooling loss of Sun et al., "Max-pooling loss training of long short-term memory networks for
small-footprint keyword spotting" (SLT 2016, section 3), with pieces instead of single frames for other sound. A detector treats a
stream in the same way: it waits for one score above its threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.evaluate.measure import ANSWER_MAX_S
from voicetrail.training.evaluate.streams import Spoken

EARLIEST_S = 0.1
"""How long after the start of a word its score starts to count, in s."""
LATEST_S = 0.24
"""Until how long after its end it counts, in s. With 0.36 s, 0.2 points more words are detected at equally many false moves, 40 ms
later."""
PIECE = 12
"""Hops of a piece of other sound (0.48 s): about a word."""
NEVER = -30.0
"""Instead of a score that does not count, in log-odds."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a stream."""

    others: Tensor
    """Hops far from the word being said: ``[words, hops]``, boolean."""
    spoken: Tensor
    """For each spoken word, the positions of the scores that count, in ``[words, hops]`` flattened: ``[spoken, longest]``. The last
    position is repeated."""

    def loss(self, scores: Tensor) -> Tensor:
        """The sum of the logistic losses of all events.

        Args:
            scores: log-odds ``[words, hops]``.
        """
        usable = scores.shape[1] // PIECE * PIECE
        others = scores.masked_fill(~self.others, NEVER)[:, :usable].reshape(scores.shape[0], -1, PIECE).amax(2)
        loss = F.softplus(others).sum()
        if len(self.spoken):
            loss = loss + F.softplus(-scores.reshape(-1)[self.spoken].amax(1)).sum()
        return loss


def find_events(spoken: Sequence[Spoken], words: Sequence[str], hop: int, count: int) -> Events:
    """Find the events of a stream.

    Args:
        spoken: the words said in it; others than ``words`` are ignored.
        words: in the order of the scores.
        hop: samples per hop; hop ``i`` ends at ``(i + 1) * hop``.
        count: hops of the stream.
    """
    others = np.ones((len(words), count), dtype=bool)
    ranges = []
    for each in spoken:
        if each.word not in words:
            continue
        row = words.index(each.word)
        others[row, _hops(each.begin, each.end + ANSWER_MAX_S * SAMPLE_RATE, hop, count)] = False
        counting = _hops(each.begin + EARLIEST_S * SAMPLE_RATE, each.end + LATEST_S * SAMPLE_RATE, hop, count)
        if counting.stop > counting.start:
            ranges.append((row * count + counting.start, row * count + counting.stop - 1))
    return Events(torch.from_numpy(others), _padded(ranges))


def _hops(since: float, until: float, hop: int, count: int) -> slice:
    """The hops that end after ``since`` and not after ``until``, in samples."""
    return slice(max(0, int(since / hop)), min(count, int(until / hop)))


def _padded(ranges: Iterable[tuple[int, int]]) -> Tensor:
    """Ranges (first, last) of positions as rows; shorter ones are filled with their last position."""
    bounds = np.array(list(ranges), dtype=np.int64).reshape(-1, 2)
    longest = int((bounds[:, 1] - bounds[:, 0]).max()) + 1 if len(bounds) else 0
    return torch.from_numpy(np.minimum(bounds[:, :1] + np.arange(longest), bounds[:, 1:]))
