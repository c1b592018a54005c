"""Sets of words that are there without a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.teaching.tones import silence, take
from voicetrail.spotting.weights import load_weights, save_weights
from voicetrail.teaching import word_sets
from voicetrail.teaching.examples import ExampleSet, save_examples

MEANINGS = {"links": "left", "rechts": "right"}


def example_set() -> ExampleSet:
    """Three takes of each of two words, and the room."""
    examples = ExampleSet(room=silence(2.0))
    for seed in range(3):
        for word in MEANINGS:
            examples.add(word, take(word, seed))
    return examples


def keep_untrained(name: str = "mine", folder: Path | None = None, *, with_takes: bool = False) -> None:
    """Save a set of two words with an untrained head; ``None`` stands for the usual folder."""
    weights = load_weights("directional4w")
    classes = (*MEANINGS, "_unknown_", "_background_noise_")
    tensors = {key: value.clone() for key, value in weights.model.state_dict().items()}
    tensors["head.weight"], tensors["head.bias"] = tensors["head.weight"][:4], tensors["head.bias"][:4]
    info = replace(weights.info, labels=classes, classes=classes, meanings=MEANINGS)
    about = word_sets.SetInfo(
        name,
        tuple(MEANINGS),
        MEANINGS,
        dict.fromkeys(MEANINGS, 3 if with_takes else 6),
        word_sets.now(),
        "0" * 64,
        "directional4w",
        0.8,
        0.95,
        1.5,
    )
    with word_sets.storing(name, folder) as partial:
        save_weights(partial / word_sets.WEIGHTS, tensors, info)
        if with_takes:
            save_examples(example_set(), partial / word_sets.EXAMPLES)
        word_sets.write_about(partial, about)
