"""Fits the temperature and the detector settings of trained weights, on the choosing half."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.frontend import build_frontend
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.score_filter import filtered
from voicetrail.spotting.weights import Weights
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.evaluate.choose import (
    FILTERED_SMOOTHINGS,
    FILTERED_TALK_SHIFTS,
    SMOOTHINGS,
    TALK_SHIFTS,
    Allowed,
    Choice,
    choose,
)
from voicetrail.training.evaluate.clips import in_batches, measured_clips
from voicetrail.training.evaluate.conditions import conditions
from voicetrail.training.evaluate.measure import Heard
from voicetrail.training.evaluate.negatives import NOBODY, SPEECH, negative_streams
from voicetrail.training.evaluate.streams import Stream, half
from voicetrail.training.evaluate.temperature import fit_temperature
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN

SEED = 11
"""Seed of the streams for choosing settings; an evaluation uses another."""


@dataclass(frozen=True, slots=True)
class AllowedRates:
    """Allowed false moves per hour."""

    speech: float = 3.0
    nobody: float = 6.0
    """While nobody speaks."""
    single: float = 60.0
    """In a sequence of single words."""
    among: float = 15.0
    """Among the other words of the streams with words."""


def choose_temperature(weights: Weights, corpus: Corpus) -> float:
    """Fit the temperature of weights on the clips of the choosing half of the validation speakers.

    Args:
        weights: folded or not; they are not changed.
        corpus: the validation split.

    Returns:
        The temperature; that of the weights if the choosing half has no clips.
    """
    labels = weights.info.labels
    sound, truth = measured_clips(replace(corpus, clips=half(corpus.clips, "choosing")), "choosing")
    if not truth:
        return weights.info.temperature
    frontend, model = build_frontend(weights.info.features), weights.model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(frontend(torch.from_numpy(part))) for part in in_batches(sound)])
    index = [labels.index(word if word in labels else UNKNOWN) for word in truth]
    counts = np.bincount(index, minlength=len(labels))
    # Every word has the same weight, and everything else together has the weight of all words.
    weight = [(1.0 if labels[row] not in (UNKNOWN, NOISE) else (len(labels) - 2) / 2) / counts[row] for row in index]
    return fit_temperature(logits, weights.info.grouping(), torch.tensor(index), torch.tensor(weight))


def choose_settings(
    weights: Weights,
    corpus: Corpus,
    seconds: float,
    like: DetectorSettings | None = None,
    longest_s: float = math.inf,
    rates: AllowedRates | None = None,
    seeds: Sequence[int] = (SEED,),
    every_word: bool = False,
) -> list[Choice]:
    """Choose the detector's settings for weights, on the choosing half of the validation streams, in all conditions.

    All words get the same threshold. Blanking is ignored, because scores are computed once for all settings.

    Args:
        weights: their network is copied, not changed. The settings are for the scores after their score filter, if they have one.
        corpus: the validation split.
        seconds: length of each stream with words.
        like: choose only a threshold, with the smoothing time and the talk shift of these settings.
        longest_s: use only this much of the beginning of streams without words, in s.
        rates: allowed false moves.
        seeds: of the streams, which are made once for each. One seed alone can mislead by a point.
        every_word: count all words that the weights know. By default, only the directions count, because they move the pen.

    Returns:
        The choices, best first.
    """
    rates = rates or AllowedRates()
    recognizer = Recognizer(replace(weights, model=copy.deepcopy(weights.model)))
    words = [label for label in recognizer.labels if label not in (UNKNOWN, NOISE)]
    directions = [word for word in words if word in DIRECTIONS]
    targets = words if every_word or not directions else directions

    def scored(streams: Sequence[Stream]) -> list[Heard]:
        score_filter = recognizer.score_filter
        return [
            Heard(stream, filtered(recognizer.score_all(stream.sound), recognizer.labels, score_filter), ())
            for stream in streams
        ]

    spoken, without = list[Heard](), list[Heard]()
    for seed in seeds:
        spoken += scored([make() for _, make in conditions(corpus, "choosing", seconds, seed, targets)])
        without += scored([stream.up_to(longest_s) for stream in negative_streams(corpus, "choosing", seed, targets)])
    speech, silent, single = ([item for item in without if item.stream.name in names] for names in (SPEECH, NOBODY, ("words",)))
    smoothings: Sequence[float]
    shifts: Sequence[float]
    if like is not None:
        smoothings, shifts = (like.smoothing,), (like.talk_shift,)
    elif recognizer.score_filter is None:
        smoothings, shifts = SMOOTHINGS, TALK_SHIFTS
    else:
        smoothings, shifts = FILTERED_SMOOTHINGS, FILTERED_TALK_SHIFTS
    choices = choose(
        recognizer.labels,
        targets,
        spoken,
        [
            Allowed(speech, rates.speech),
            Allowed(silent, rates.nobody),
            Allowed(single, rates.single),
            Allowed(spoken, rates.among),
        ],
        smoothings=smoothings,
        talk_shifts=shifts,
    )
    return [
        replace(choice, settings=replace(choice.settings, thresholds=dict.fromkeys(words, choice.settings.threshold)))
        for choice in choices
    ]
