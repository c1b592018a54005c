"""The labels of a TensorFlow.js model, and what each means to the game."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicetrail.errors import UsageError, WeightsError
from voicetrail.spotting.importing.json_files import read_json
from voicetrail.text import printable
from voicetrail.vocabulary import MEANINGS, NOISE, RESERVED, UNKNOWN, is_word

MAX_LABELS = 64
LONGEST = 40
"""Characters of a label: what a threshold can be given for by a flag."""
NOTHING = "none"
CHOICES = (*dict.fromkeys(MEANINGS.values()), NOTHING, "noise", "unknown")
"""What a label can be mapped to."""
_OTHER_NAMES = {"backgroundnoise": NOISE, "noise": NOISE, "unknown": UNKNOWN}
"""How others call the two labels that are no words; Teachable Machine's first class is *Background Noise*."""
_UNFIT = re.compile(r"""[\s=,."'\\\[\]#]+""")
"""What a label in a flag or a settings file cannot hold."""


def read_labels(path: Path, bins: int) -> tuple[str, ...]:
    """Read a model's labels from its ``metadata.json``, in the order of its scores.

    Args:
        path: the file.
        bins: that the model takes; a ``frameSize`` must be the same.

    Raises:
        WeightsError: there are none, or the metadata belong to another model.
    """
    metadata = read_json(path)
    labels = metadata.get("wordLabels", metadata.get("words"))
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise WeightsError(f"{printable(path)} names no words (wordLabels or words); is it the model's metadata.json?")
    if not 1 <= len(labels) <= MAX_LABELS:
        raise WeightsError(f"{printable(path)} names {len(labels)} words; 1 to {MAX_LABELS} can be taken")
    frame = metadata.get("frameSize", bins)
    if frame != bins:
        raise WeightsError(f"{printable(path)} is of a model with {printable(frame, 20)} bins; this one takes {bins}")
    return tuple(labels)


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """What becomes of a model's labels."""

    classes: tuple[str, ...]
    """The label that each of the model's scores counts for, in their order."""
    meanings: Mapping[str, str]
    """See ``WeightsInfo.meanings``."""
    renamed: Mapping[str, str]
    """Labels that are called otherwise here, by the model's own name."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label once."""
        return tuple(dict.fromkeys(self.classes))

    @property
    def moves(self) -> Mapping[str, str]:
        """What each word does in the game, of those that do something."""
        words = {word: self.meanings.get(word, word) for word in self.labels if is_word(word)}
        return {word: meaning for word, meaning in words.items() if meaning in MEANINGS}

    @property
    def idle(self) -> tuple[str, ...]:
        """The words that do nothing in the game."""
        return tuple(word for word in self.labels if is_word(word) and word not in self.moves)


def plan_labels(given: Sequence[str], mapped: Mapping[str, str] | None = None) -> LabelPlan:
    """Decide what a model's labels are called here and what they mean.

    A label that is a word of the game means that word. Characters that a flag cannot hold become ``_``.

    Args:
        given: the model's own labels.
        mapped: for some labels, by the model's name or by ours, one of ``CHOICES``.

    Raises:
        UsageError: a mapping names no label of the model, or no meaning.
    """
    unmatched = dict(mapped or {})
    classes, meanings, renamed = list[str](), dict[str, str](), dict[str, str]()
    for label in given:
        name = _name(label, classes)
        choice = unmatched.pop(label, None) or unmatched.pop(name, None)
        if choice is not None and choice not in CHOICES:
            raise UsageError(f"{printable(label, 40)} cannot mean {printable(choice, 40)!r}; it can mean {', '.join(CHOICES)}")
        if choice in ("noise", "unknown"):
            name = NOISE if choice == "noise" else UNKNOWN
        elif choice is not None and not is_word(name):
            name = _unlike(_plain(label).strip("_") or "word", classes)
        meaning = MEANINGS.get(name.casefold(), "") if choice is None else choice.replace(NOTHING, "")
        if is_word(name) and meaning != MEANINGS.get(name, ""):
            meanings[name] = meaning
        if name != label:
            renamed[label] = name
        classes.append(name)
    if unmatched:
        raise UsageError(
            f"the model has no label {printable(next(iter(unmatched)), 40)!r}; it has {printable(', '.join(given))}"
        )
    if not any(map(is_word, classes)):
        raise UsageError("none of the model's labels is a word; map one to what it means")
    return LabelPlan(tuple(classes), meanings, renamed)


def _name(label: str, taken: Sequence[str]) -> str:
    if label in RESERVED:
        return label
    other = _OTHER_NAMES.get("".join(filter(str.isalpha, label.casefold())))
    return other if other is not None else _unlike(_plain(label), taken)


def _plain(label: str) -> str:
    """The label with nothing in it that a terminal, a flag or a settings file could misread."""
    return _UNFIT.sub("_", printable(label.strip(), LONGEST).replace("…", "_")) or "_"


def _unlike(name: str, taken: Sequence[str]) -> str:
    """The name, numbered where it is taken (two of the model's labels may become one)."""
    number, unlike = 2, name
    while unlike in taken:
        end = f"-{number}"
        number, unlike = number + 1, name[: LONGEST - len(end)] + end
    return unlike
