"""The labels of a TensorFlow.js model, and their meanings in the game."""

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
"""Most characters of a label, so that a flag can set its threshold."""
NOTHING = "none"
CHOICES = (*dict.fromkeys(MEANINGS.values()), NOTHING, "noise", "unknown")
"""What a label can be mapped to."""
_OTHER_NAMES = {"backgroundnoise": NOISE, "noise": NOISE, "unknown": UNKNOWN}
"""Other names of the two labels that are not words; Teachable Machine's first class is *Background Noise*."""
_UNFIT = re.compile(r"""[\s=,."'\\\[\]#]+""")
"""Characters that a label in a flag or a settings file cannot contain."""


def read_labels(path: Path, bins: int) -> tuple[str, ...]:
    """Read a model's labels from its ``metadata.json``, in the order of its scores.

    Args:
        path: the file.
        bins: of the model's input; a ``frameSize`` in the metadata must be the same.

    Raises:
        WeightsError: there are none, or the metadata belong to another model.
    """
    metadata = read_json(path)
    labels = metadata.get("wordLabels", metadata.get("words"))
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise WeightsError(f"{printable(path)} names no words (wordLabels or words); is it the model's metadata.json?")
    if not 1 <= len(labels) <= MAX_LABELS:
        raise WeightsError(f"{printable(path)} names {len(labels)} words; a model can have 1 to {MAX_LABELS}")
    frame = metadata.get("frameSize", bins)
    if frame != bins:
        raise WeightsError(f"{printable(path)} belongs to a model with {printable(frame, 20)} bins; this model has {bins}")
    return tuple(labels)


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """How the labels of a model are named and used."""

    classes: tuple[str, ...]
    """The label of each of the model's scores, in order."""
    meanings: Mapping[str, str]
    """See ``WeightsInfo.meanings``."""
    renamed: Mapping[str, str]
    """New names of labels, by the model's own names."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label, once."""
        return tuple(dict.fromkeys(self.classes))

    @property
    def moves(self) -> Mapping[str, str]:
        """The meaning of each word that does something in the game."""
        words = {word: self.meanings.get(word, word) for word in self.labels if is_word(word)}
        return {word: meaning for word, meaning in words.items() if meaning in MEANINGS}

    @property
    def idle(self) -> tuple[str, ...]:
        """The words that do nothing in the game."""
        return tuple(word for word in self.labels if is_word(word) and word not in self.moves)


def plan_labels(given: Sequence[str], mapped: Mapping[str, str] | None = None) -> LabelPlan:
    """Choose names and meanings for a model's labels.

    A label that is a word of the game means that word. Characters that a flag cannot contain become ``_``.

    Args:
        given: the model's own labels.
        mapped: meanings (from ``CHOICES``) for some labels, by the model's names or by ours.

    Raises:
        UsageError: a mapping has an unknown label or meaning.
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
        raise UsageError("none of the model's labels is a word; give one a meaning with --map")
    return LabelPlan(tuple(classes), meanings, renamed)


def _name(label: str, taken: Sequence[str]) -> str:
    if label in RESERVED:
        return label
    other = _OTHER_NAMES.get("".join(filter(str.isalpha, label.casefold())))
    return other if other is not None else _unlike(_plain(label), taken)


def _plain(label: str) -> str:
    """The label without characters that a terminal, a flag or a settings file could misread."""
    return _UNFIT.sub("_", printable(label.strip(), LONGEST).replace("…", "_")) or "_"


def _unlike(name: str, taken: Sequence[str]) -> str:
    """The name, with a number if it is taken (two of the model's labels may become equal)."""
    number, unlike = 2, name
    while unlike in taken:
        end = f"-{number}"
        number, unlike = number + 1, name[: LONGEST - len(end)] + end
    return unlike
