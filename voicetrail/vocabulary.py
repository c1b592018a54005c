"""The vocabularies, and the meaning of each word in the game."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

NOISE = "_background_noise_"
"""The label of sound that is not speech."""
UNKNOWN = "_unknown_"
"""The label of speech that is not a word of the vocabulary."""
RESERVED = (NOISE, UNKNOWN)
"""Labels that are never detected as words."""

DIRECTIONS = ("up", "down", "left", "right")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

VOCABULARIES = MappingProxyType(
    {
        "directional4w": DIRECTIONS,
        "18w": (*DIGITS, *DIRECTIONS, "go", "stop", "yes", "no"),
    }
)
"""Words of each vocabulary, by name: the two of the TensorFlow.js speech-commands recognizer that the game grew from."""

DEFAULT_VOCABULARY = "directional4w"

Meaning = Literal["up", "down", "left", "right", "go", "stop"]

MEANINGS: MappingProxyType[str, Meaning] = MappingProxyType(
    {"up": "up", "down": "down", "left": "left", "right": "right", "go": "go", "stop": "stop"}
)
"""What a word does in the game: a direction moves the pen, ``go`` repeats the last direction, and ``stop`` ends a glide. Other words
are detected and shown, but do nothing."""


def is_word(label: str) -> bool:
    """Whether a label is a word (all but ``_background_noise_`` and ``_unknown_`` are)."""
    return label not in RESERVED


def words_that_move(labels: Iterable[str], meanings: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a recognizer that do something in the game; all its words if none does.

    Args:
        labels: those of the recognizer.
        meanings: the words of the game that some labels stand for (``events.Ready.meanings``).
    """
    words = tuple(label for label in labels if is_word(label))
    return tuple(word for word in words if meanings.get(word, word) in MEANINGS) or words
