"""Makes a set of words from takes and saves it; used by the command, the screen and the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from voicetrail.errors import TeachingError
from voicetrail.spotting.weights import load_weights, save_weights
from voicetrail.teaching import word_sets
from voicetrail.teaching.examples import ExampleSet, load_examples, save_examples
from voicetrail.teaching.heads.head import HeadProgress, HeadSettings
from voicetrail.teaching.heads.negatives import Negatives, backbone_hash, find_negatives, load_negatives
from voicetrail.teaching.heads.personal import Check, retune
from voicetrail.teaching.heads.teach import Taught, check_examples, teach
from voicetrail.vocabulary import is_word

BASE = "directional4w"
"""The weights whose backbone is used."""
PRIVATE = 0o600


def shipped_negatives(base: str = BASE) -> Negatives:
    """Load the shipped negatives for the backbone of some weights.

    Raises:
        TeachingError: there are none for this backbone.
        WeightsError: there are no such weights.
    """
    return load_negatives(find_negatives(), backbone_hash(load_weights(base).model.state_dict()))


def make_set(
    examples: ExampleSet,
    meanings: Mapping[str, str],
    *,
    base: str = BASE,
    settings: HeadSettings | None = None,
    progress: Callable[[HeadProgress], None] = lambda progress: None,
) -> Taught:
    """Teach words on the backbone of shipped weights.

    Args:
        examples: the takes.
        meanings: the meanings of words in the game.
        base: name of the weights.
        settings: of the training.
        progress: called with the progress.

    Raises:
        TeachingError: there are too few takes, or no negatives for the backbone.
        WeightsError: the weights cannot be used.
    """
    check_examples(examples)
    return teach(examples, load_weights(base), shipped_negatives(base), meanings, settings, progress)


def words_of(base: str = BASE) -> list[str]:
    """The words of shipped weights, which personal mode asks for.

    Raises:
        WeightsError: there are no such weights.
    """
    return [label for label in load_weights(base).info.labels if is_word(label)]


def make_personal(
    examples: ExampleSet,
    *,
    base: str = BASE,
    settings: HeadSettings | None = None,
    progress: Callable[[HeadProgress], None] = lambda progress: None,
) -> tuple[Taught, Check]:
    """Adapt the words of shipped weights to one voice; the check says whether the result is better than the shipped words.

    Args:
        examples: takes of each of the words.
        base: name of the weights.
        settings: of the training.
        progress: called with the progress.

    Raises:
        TeachingError: there are too few takes, or no negatives for the backbone.
        WeightsError: the weights cannot be used.
    """
    check_examples(examples)
    return retune(examples, load_weights(base), shipped_negatives(base), settings, progress)


def keep_set(
    name: str,
    taught: Taught,
    examples: ExampleSet | None,
    *,
    base: str = BASE,
    personal: bool = False,
    folder: Path | None = None,
) -> Path:
    """Save a set under a name, with or without its takes; an existing set of that name is replaced.

    Returns:
        The weights file.

    Raises:
        TeachingError: the name is not allowed, or the files cannot be written.
    """
    info = taught.info
    about = word_sets.SetInfo(
        name=name,
        words=tuple(label for label in info.labels if label in taught.held_out.words),
        meanings=info.meanings,
        takes={word: len(examples.takes[word]) for word in examples.words} if examples is not None else {},
        made=word_sets.now(),
        backbone=backbone_hash(taught.tensors),
        base=base,
        threshold=info.detector.threshold,
        accuracy=taught.held_out.accuracy,
        false_an_hour=taught.false_an_hour,
        personal=personal,
        fine_tuned=taught.fine_tuned,
    )
    with word_sets.storing(name, folder) as partial:
        save_weights(partial / word_sets.WEIGHTS, taught.tensors, info)
        (partial / word_sets.WEIGHTS).chmod(PRIVATE)
        if examples is not None:
            save_examples(examples, partial / word_sets.EXAMPLES)
        word_sets.write_about(partial, about)
    return word_sets.weights_path(name, folder)


def saved_examples(name: str, folder: Path | None = None) -> ExampleSet:
    """The takes of a set.

    Raises:
        TeachingError: there is no such set, or it was saved (or imported) without its takes.
    """
    path = word_sets.set_folder(name, folder) / word_sets.EXAMPLES
    if not path.is_dir():
        raise TeachingError(f"the set {name} has no saved takes; record the words again to change it")
    return load_examples(path)


def remake_if_needed(
    name: str, folder: Path | None = None, progress: Callable[[HeadProgress], None] = lambda progress: None
) -> bool:
    """Make a set's head again where the backbone that ships is another than the one it was made for; a fine-tuned one is left.

    Returns:
        Whether it was trained again.

    Raises:
        TeachingError: it would have to be, but there are no takes.
    """
    info = word_sets.read_about(word_sets.set_folder(name, folder))
    if info.fine_tuned or info.backbone == backbone_hash(load_weights(info.base).model.state_dict()):
        return False
    try:
        examples = saved_examples(name, folder)
    except TeachingError:
        return False  # its weights file contains its own backbone, so it works as before
    if info.personal:
        taught, check = make_personal(examples, base=info.base, progress=progress)
        if not check.better:
            return False  # it works as before
    else:
        taught = make_set(examples, info.meanings, base=info.base, progress=progress)
    keep_set(name, taught, examples, base=info.base, personal=info.personal, folder=folder)
    return True
