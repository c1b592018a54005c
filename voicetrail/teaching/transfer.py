"""The Python API for teaching words, modeled on ``createTransfer`` of the TensorFlow.js package, with additions.

transfer = voicetrail.create_transfer("mine")
transfer.collect_example("links", waveform)            # 16 kHz samples, a path, or seconds to record
transfer.collect_example("_background_noise_", 5.0)
transfer.train(callback=lambda p: print(p.part, p.loss, p.accuracy))
print(transfer.evaluate().auc)
transfer.recognize(waveform).word                      # and listen(callback), as in ``voicetrail.create``
transfer.save()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TeachingError, UsageError
from voicetrail.sources import open_source
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import Weights, build_network, load_weights, save_weights
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting.gathering import takes_of
from voicetrail.teaching.collecting.likeness import shared
from voicetrail.teaching.collecting.refused import read_refused
from voicetrail.teaching.examples import LONGEST_ROOM, ExampleSet, load_examples, save_examples
from voicetrail.teaching.heads.evaluation import HeldOut, RocPoint, roc
from voicetrail.teaching.heads.fine_tuning import LEARNING_RATE, Comparison, fine_tune
from voicetrail.teaching.heads.head import EPOCHS, VARIANTS, WEIGHT_DECAY, HeadProgress, HeadSettings
from voicetrail.teaching.heads.teach import Taught, check_examples, teach
from voicetrail.teaching.making import BASE, keep_set, saved_examples, shipped_negatives
from voicetrail.teaching.recorder import read_all
from voicetrail.teaching.takes import Take, TakeProblem, find_takes
from voicetrail.text import printable
from voicetrail.vocabulary import NOISE

BATCH_EPOCHS = 20
"""Default number of epochs of Adam."""

Sound = npt.NDArray[np.float32]
LONGEST_S = 60.0
"""Longest recording for one example, in s."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The evaluation of a head on held-out takes and negatives."""

    accuracy: float
    """Part of the held-out takes whose best word is right."""
    heard: float
    """Part of the held-out takes that are right and reach the threshold."""
    heard_at_one_percent: float
    """The same at the threshold that 1 % of other words and noises reach."""
    false_moves_an_hour: float
    """Expected false moves per hour of running speech, at the threshold."""
    auc: float
    """Area under the ROC curve (accepted takes over accepted negatives)."""
    curve: tuple[RocPoint, ...]
    confusion: Mapping[str, Mapping[str, int]]
    """Number of held-out takes, by word and by the word with the highest score."""
    advice: tuple[str, ...]
    """Advice for better results, as sentences."""
    threshold: float
    """The chosen threshold."""
    fine_tuning: Comparison | None
    """The head alone beside the fine-tuned network, where fine-tuning was asked for."""
    _held_out: HeldOut

    def at(self, threshold: float) -> RocPoint:
        """Hits, misses, false accepts, and false moves per hour of running speech, at any threshold."""
        negative = np.concatenate((self._held_out.others, self._held_out.noise))
        return RocPoint(
            threshold,
            self._held_out.heard(threshold),
            float(np.mean(negative >= threshold)) if len(negative) else math.nan,
            self._held_out.false_moves_an_hour(threshold),
        )

    @property
    def equal_error(self) -> float:
        """The equal error rate: where the part of missed takes equals the part of accepted other words and noises."""
        return min((max(point.missed, point.false_accepts) for point in self.curve), default=math.nan)


class WordTrainer:
    """Teaches words on a frozen backbone; the base of ``api.Transfer``, which ``create_transfer`` makes.

    Args:
        name: of the set of words, for ``save``.
        base: name of the weights whose backbone is used.
    """

    def __init__(self, name: str, base: str = BASE) -> None:
        self.name = word_sets.check_name(name)
        self.base = base
        self._examples = ExampleSet()
        self._taught: Taught | None = None
        self._compared: Comparison | None = None
        self._loaded: Path | None = None
        """The weights file that was loaded, if any."""
        self.meanings: dict[str, str] = {}
        """The meanings of words in the game (``vocabulary.MEANINGS``); set them before ``train``."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in the order in which they were added."""
        return self._examples.words

    def collect_example(
        self, word: str, sound: npt.ArrayLike | float | str | Path, *, source: str = "mic", device: str | None = None
    ) -> tuple[TakeProblem, ...]:
        """Add a take of a word, or of the room (``_background_noise_``).

        Args:
            word: the word; it is added if it is new.
            sound: 16 kHz mono samples between -1 and 1, ``[samples]``; the path of a sound file or folder, all takes of which are
                added; or the number of seconds to record from ``source``.
            source: the source to record from.
            device: for ``mic``: the input's index or part of its name.

        Returns:
            The problems of the added takes; empty if there are none.

        Raises:
            UsageError: ``sound`` is none of these.
            TeachingError: it contains no take, or the word is not allowed.
            AudioError: the source cannot be opened.
        """
        if isinstance(sound, str | Path) and word != NOISE:
            takes = list(takes_of(Path(sound)).takes)
        else:
            samples = self._sound(sound, source, device)
            if word == NOISE:
                self._examples.room = np.concatenate((self._examples.room, samples))[:LONGEST_ROOM]
                return ()
            takes = list(find_takes(samples))
            if not takes:
                raise TeachingError(f"no word was found in this sound; say {word!r} louder, or closer to the microphone")
            takes = [max(takes, key=lambda take: take.level_db)]
        found: list[TakeProblem] = []
        for take in takes:
            number = self._examples.add(word, take)
            found += self._examples.problems(word, number)
        return tuple(found)

    def _sound(self, sound: npt.ArrayLike | float | str | Path, source: str, device: str | None) -> Sound:
        if isinstance(sound, str | Path):
            return read_all(open_source(str(sound)))
        if isinstance(sound, int | float):
            if not 0 < sound <= LONGEST_S:
                raise UsageError(f"an example must be longer than 0 and at most {LONGEST_S:.0f} seconds long")
            return read_all(open_source(source, device=device), sound)
        samples = np.asarray(sound, dtype=np.float32)
        if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all() or np.abs(samples).max() > 2:
            raise UsageError("the waveform must be one row of finite samples at 16 kHz, between -1 and 1")
        return samples

    def count_examples(self) -> dict[str, int]:
        """How many takes each word has."""
        return self._examples.counts()

    def examples(self, word: str) -> tuple[Take, ...]:
        """The takes of a word, with their sound."""
        return tuple(self._examples.takes.get(word, ()))

    def remove_example(self, word: str, number: int) -> None:
        """Remove one take, counted from 0.

        Raises:
            TeachingError: there is none of that number.
        """
        self._examples.remove(word, number)

    def problems(self, word: str, number: int) -> tuple[TakeProblem, ...]:
        """The problems of a take, including whether it is unlike the others of its word.

        Raises:
            TeachingError: there is none of that number.
        """
        if not 0 <= number < len(self._examples.takes.get(word, ())):
            raise TeachingError(f"{printable(word)} has no take {number + 1}")
        shared(self.base).mark(self._examples)
        return self._examples.problems(word, number)

    def clear_examples(self, word: str | None = None) -> None:
        """Remove a word with all of its takes, or (without a word) everything, including the room."""
        if word is None:
            self._examples = ExampleSet()
        else:
            self._examples.takes.pop(word, None)

    def save_examples(self, folder: str | Path) -> None:
        """Write the takes to a folder in the Speech Commands layout, with a manifest."""
        save_examples(self._examples, Path(folder), held_out=True)

    def load_examples(self, folder: str | Path) -> None:
        """Replace all takes by those in a folder that ``save_examples`` wrote."""
        self._examples = load_examples(Path(folder))

    def train(
        self,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 0.01,
        validation_split: float = 1 / 3,
        weight_decay: float = WEIGHT_DECAY,
        fine_tuning_epochs: int = 0,
        fine_tuning_rate: float = LEARNING_RATE,
        negatives: str | Path | None = None,
        augment_with_noise: bool = True,
        variants: int = VARIANTS,
        seed: int = 1,
        callback: Callable[[HeadProgress], None] | None = None,
        fine_tuning_callback: Callable[[HeadProgress], None] | None = None,
    ) -> Evaluation:
        """Train the head, and the last block of the backbone if that is asked for; a part of the takes is held out in turn.

        Args:
            epochs: steps of L-BFGS over all windows that refine the computed head or, with ``batch_size``, epochs of Adam.
                ``None`` uses the computed head without refinement, which measures equally well, or 20 epochs of Adam.
            batch_size: windows per step of Adam; ``None`` uses L-BFGS, which needs no batches and no learning rate.
            learning_rate: of Adam.
            validation_split: part of the takes that is held out at a time, at most a half; all are held out in turn, so that each
                counts in ``evaluate`` and all teach the head that is kept.
            weight_decay: how strongly a refined head is held near the computed one.
            fine_tuning_epochs: times that the last block of the backbone, with the head, sees all windows after the head alone was
                trained. It takes a second or two an epoch, and is kept only where it hears more of the held-out takes at as many
                false moves (``evaluate().fine_tuning``). 0, the default, hears as much with few takes (``docs/teaching.md``).
            fine_tuning_rate: learning rate of that.
            negatives: a sound file, or a folder of them, in which none of the words is said: what fine-tuning learns to refuse, and
                counts false moves by. It needs a minute or more.
            augment_with_noise: vary takes with noise too: the recorded room where there is one.
            variants: windows made of each take.
            seed: of the variations.
            callback: is given where it stands.
            fine_tuning_callback: is given where fine-tuning stands; ``callback`` is given that too where this is left out.
                ``HeadProgress.stage`` says which of the two it is.

        Returns:
            The result of ``evaluate``.

        Raises:
            UsageError: an argument is out of range, or there is no sound to fine-tune with.
            TeachingError: a word has too few takes, or there is too little of that sound.
            AudioError: that sound cannot be used.
        """
        if not 0 < validation_split <= 0.5:
            raise UsageError("validation_split must be above 0 and at most 0.5")
        if (epochs is not None and epochs < 1) or (batch_size is not None and batch_size < 1) or not learning_rate > 0:
            raise UsageError("epochs and batch_size must be at least 1, and learning_rate above 0")
        if fine_tuning_epochs < 0 or not fine_tuning_rate > 0:
            raise UsageError("fine_tuning_epochs must be at least 0, and fine_tuning_rate above 0")
        if fine_tuning_epochs and negatives is None:
            raise UsageError(
                "fine-tuning needs sound to refuse, for what ships are embeddings of the network as it is: give negatives=, a file "
                "or folder of speech and noise without your words"
            )
        check_examples(self._examples)
        folds = min(round(1 / validation_split), min(len(self._examples.distinct(word)) for word in self.words))
        settings = HeadSettings(
            weight_decay,
            epochs or (BATCH_EPOCHS if batch_size else EPOCHS),
            variants,
            seed,
            augment_with_noise,
            batch_size or 0,
            learning_rate,
            max(2, folds),
        )
        weights, shipped = load_weights(self.base), shipped_negatives(self.base)
        report = callback or (lambda progress: None)
        refused = read_refused(negatives, weights.info.features.window_samples) if negatives and fine_tuning_epochs else None
        self._taught, self._compared = teach(self._examples, weights, shipped, self.meanings, settings, report), None
        if refused is not None:
            self._taught, self._compared = fine_tune(
                self._examples,
                load_weights(self.base),
                shipped,
                self._taught,
                refused,
                settings,
                fine_tuning_epochs,
                learning_rate=fine_tuning_rate,
                progress=fine_tuning_callback or report,
            )
        return self.evaluate()

    def evaluate(self) -> Evaluation:
        """Evaluate the trained head on held-out takes and negatives.

        Raises:
            UsageError: there is no trained head.
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
            taught.threshold,
            self._compared,
            held_out,
        )

    def recognizer(self) -> Recognizer:
        """The recognizer of the trained or loaded words.

        Raises:
            UsageError: nothing was trained or loaded.
        """
        if self._taught is None:
            if self._loaded is None:
                raise UsageError("nothing was trained or loaded yet; call train() or load() first")
            return Recognizer(load_weights(self._loaded))
        model = build_network(self._taught.info)
        model.load_state_dict({**self._taught.tensors})
        return Recognizer(Weights(self.name, "", self._taught.info, model))

    def save(self, path: str | Path | None = None, *, with_examples: bool = True) -> Path:
        """Save the trained set under its name, or as a weights file at ``path``.

        Returns:
            The weights file, for ``voicetrail play --weights``.

        Raises:
            UsageError: there is no trained head.
            TeachingError: the file cannot be written.
        """
        taught = self._trained()
        if path is not None:
            save_weights(Path(path), taught.tensors, taught.info)
            return Path(path)
        return keep_set(self.name, taught, self._examples if with_examples else None, base=self.base)

    def load(self) -> None:
        """Load the saved set of this name: it can recognize at once, and be extended and trained again.

        Raises:
            TeachingError: there is no such set.
        """
        self._loaded = word_sets.weights_path(self.name)
        self._taught = None
        self.meanings = dict(word_sets.read_about(word_sets.set_folder(self.name)).meanings)
        try:
            self._examples = saved_examples(self.name)
        except TeachingError:
            self._examples = ExampleSet()  # it was saved, or imported, without its takes

    def _trained(self) -> Taught:
        if self._taught is None:
            raise UsageError("nothing was trained yet; call train() first")
        return self._taught


def list_saved() -> tuple[str, ...]:
    """Names of the sets saved on this machine."""
    return tuple(info.name for info in word_sets.list_sets())


def delete_saved(name: str) -> None:
    """Delete a saved set with its takes.

    Raises:
        TeachingError: there is no such set.
    """
    word_sets.delete_set(name)
