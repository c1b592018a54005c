"""Teaching for programmers: what the TensorFlow.js package's ``createTransfer`` offers, and what it lacks.

transfer = voicetrail.create_transfer("mine")
transfer.collect_example("links", waveform)            # 16 kHz samples, or a path, or seconds of the microphone
transfer.collect_example("_background_noise_", 5.0)
transfer.train(callback=lambda p: print(p.part, p.loss, p.accuracy))
print(transfer.evaluate().auc)
transfer.save()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TeachingError, UsageError
from voicetrail.sources import open_source
from voicetrail.spotting.weights import load_weights, save_weights
from voicetrail.teaching import word_sets
from voicetrail.teaching.evaluation import RocPoint, roc
from voicetrail.teaching.examples import LONGEST_ROOM, ExampleSet, load_examples, save_examples
from voicetrail.teaching.head import ITERATIONS, VARIANTS, WEIGHT_DECAY, HeadSettings, Progress
from voicetrail.teaching.making import BASE, keep_set, saved_examples, shipped_negatives
from voicetrail.teaching.recorder import read_all
from voicetrail.teaching.takes import Problem, Take, find_takes
from voicetrail.teaching.teach import Taught, check_examples, teach
from voicetrail.vocabulary import NOISE

Sound = npt.NDArray[np.float32]
LONGEST_S = 60.0
"""Seconds of the microphone that one example may take."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a head is on takes and negatives that it was not trained on."""

    accuracy: float
    """Part of held-out takes whose best word is right."""
    heard: float
    """Part of held-out takes that are right and reach the threshold."""
    heard_at_one_percent: float
    """The same at a threshold that 1 % of other words and noises reach."""
    false_moves_an_hour: float
    """In running speech, at the threshold."""
    auc: float
    """Area under the curve of accepted takes over accepted negatives."""
    curve: tuple[RocPoint, ...]
    confusion: Mapping[str, Mapping[str, int]]
    """Of each word, how many held-out takes had which word's score highest."""
    advice: tuple[str, ...]
    """What to do about it, as sentences."""


class Transfer:
    """Words of one's own on a frozen backbone; made by ``create_transfer``.

    Args:
        name: under which ``save`` keeps it.
        base: name of the weights whose backbone is used.
    """

    def __init__(self, name: str, base: str = BASE) -> None:
        self.name = word_sets.check_name(name)
        self.base = base
        self._examples = ExampleSet()
        self._taught: Taught | None = None
        self.meanings: dict[str, str] = {}
        """What a word stands for in the game, by ``vocabulary.MEANINGS``; set it before ``train``."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in the order in which they were added."""
        return self._examples.words

    def collect_example(
        self, word: str, sound: npt.ArrayLike | float | str | Path, *, source: str = "mic", device: str | None = None
    ) -> tuple[Problem, ...]:
        """Add a take of a word, or of the room (``_background_noise_``).

        Args:
            word: the word; a new one is added.
            sound: 16 kHz mono samples between -1 and 1, ``[samples]``; or the path of a sound file of any format, all takes of
                which are added; or how many seconds of ``source`` to record.
            source: where seconds are recorded from.
            device: for ``mic``.

        Returns:
            What is wrong with the takes that were added; empty if nothing is.

        Raises:
            UsageError: ``sound`` is none of these.
            TeachingError: no take was found in it, or the word cannot be one.
            AudioError: the source cannot be had.
        """
        samples = self._sound(sound, source, device)
        if word == NOISE:
            self._examples.room = np.concatenate((self._examples.room, samples))[:LONGEST_ROOM]
            return ()
        takes = list(find_takes(samples))
        if not takes:
            raise TeachingError(f"nothing that could be {word!r} is in this sound; say it louder, or nearer to the microphone")
        if not isinstance(sound, str | Path):
            takes = [max(takes, key=lambda take: take.level_db)]
        found: list[Problem] = []
        for take in takes:
            number = self._examples.add(word, take)
            found += self._examples.problems(word, number)
        return tuple(found)

    def _sound(self, sound: npt.ArrayLike | float | str | Path, source: str, device: str | None) -> Sound:
        if isinstance(sound, str | Path):
            return read_all(open_source(str(sound)))
        if isinstance(sound, int | float):
            if not 0 < sound <= LONGEST_S:
                raise UsageError(f"an example takes more than 0 and at most {LONGEST_S:.0f} seconds")
            return read_all(open_source(source, device=device), sound)
        samples = np.asarray(sound, dtype=np.float32)
        if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all() or np.abs(samples).max() > 2:
            raise UsageError("the waveform must be one row of finite samples at 16 kHz, between -1 and 1")
        return samples

    def count_examples(self) -> dict[str, int]:
        """How many takes each word has."""
        return self._examples.counts()

    def examples(self, word: str) -> tuple[Take, ...]:
        """The takes of a word, to be looked at or listened to."""
        return tuple(self._examples.takes.get(word, ()))

    def remove_example(self, word: str, number: int) -> None:
        """Remove one take, counted from 0.

        Raises:
            TeachingError: there is none of that number.
        """
        self._examples.remove(word, number)

    def clear_examples(self) -> None:
        """Remove all takes and the room."""
        self._examples = ExampleSet()

    def save_examples(self, folder: str | Path) -> None:
        """Write the takes as a folder in the Speech Commands layout, with a manifest."""
        save_examples(self._examples, Path(folder))

    def load_examples(self, folder: str | Path) -> None:
        """Take the place of all takes by those of a folder that ``save_examples`` wrote."""
        self._examples = load_examples(Path(folder))

    def train(
        self,
        *,
        epochs: int = ITERATIONS,
        weight_decay: float = WEIGHT_DECAY,
        augment_with_noise: bool = True,
        variants: int = VARIANTS,
        seed: int = 1,
        callback: Callable[[Progress], None] | None = None,
    ) -> Evaluation:
        """Train the head, holding out a third of the takes and negatives in turn.

        Args:
            epochs: iterations of L-BFGS, each over all examples at once; there are neither batches nor a learning rate to choose.
            weight_decay: of the head's weights.
            augment_with_noise: vary takes with noise too: the recorded room where there is one.
            variants: windows made of each take.
            seed: of the variations.
            callback: is told where it stands.

        Returns:
            What ``evaluate`` gives.

        Raises:
            TeachingError: a word has too few takes.
        """
        check_examples(self._examples)
        settings = HeadSettings(weight_decay, epochs, variants, seed, augment_with_noise)
        weights, negatives = load_weights(self.base), shipped_negatives(self.base)
        report = callback or (lambda progress: None)
        self._taught = teach(self._examples, weights, negatives, self.meanings, settings, report)
        return self.evaluate()

    def evaluate(self) -> Evaluation:
        """How good the trained head is, on what was held out.

        Raises:
            UsageError: it was not trained.
        """
        taught = self._trained()
        held_out = taught.held_out
        curve, auc = roc(held_out)
        table = held_out.confusion()
        return Evaluation(
            held_out.accuracy,
            held_out.heard(taught.threshold),
            held_out.heard_at_one_percent(),
            taught.false_an_hour,
            auc,
            curve,
            {a: {b: int(table[i, j]) for j, b in enumerate(held_out.words)} for i, a in enumerate(held_out.words)},
            taught.advice,
        )

    def save(self, path: str | Path | None = None, *, with_examples: bool = True) -> Path:
        """Keep what was trained: under its name, or as a weights file at ``path``.

        Returns:
            The weights file: what ``voicetrail play --weights`` takes.

        Raises:
            UsageError: it was not trained.
            TeachingError: it cannot be written.
        """
        taught = self._trained()
        if path is not None:
            save_weights(Path(path), taught.tensors, taught.info)
            return Path(path)
        return keep_set(self.name, taught, self._examples if with_examples else None, base=self.base)

    def load(self) -> None:
        """Take up the kept takes of this name again; train before use.

        Raises:
            TeachingError: there is none, or it was kept without its takes.
        """
        self._examples = saved_examples(self.name)
        self.meanings = dict(word_sets.read_about(word_sets.set_folder(self.name)).meanings)

    def _trained(self) -> Taught:
        if self._taught is None:
            raise UsageError("it was not trained yet; call train() first")
        return self._taught


def list_saved() -> tuple[str, ...]:
    """Names of the sets that are kept on this machine."""
    return tuple(info.name for info in word_sets.list_sets())


def delete_saved(name: str) -> None:
    """Delete a kept set with its takes.

    Raises:
        TeachingError: there is none of that name.
    """
    word_sets.delete_set(name)
