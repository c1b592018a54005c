from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import pytest

from tests.spotting.filters import load_filtered, own_score_filter
from tests.training.makers import corpus
from voicetrail.spotting.weights import Weights, load_weights
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import Half
from voicetrail.training.evaluate import choose, tuning
from voicetrail.training.evaluate.choose import FILTERED_SMOOTHINGS, FILTERED_TALK_SHIFTS, SMOOTHINGS, TALK_SHIFTS, Choice
from voicetrail.training.evaluate.conditions import Make, conditions
from voicetrail.vocabulary import DIRECTIONS, is_word


@pytest.fixture(autouse=True)
def few_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "GRID", (0.3, 0.6, 0.9))
    monkeypatch.setattr(tuning, "conditions", lambda *args: islice(conditions(*args), 1))


def chosen(weights: Weights) -> list[Choice]:
    return tuning.choose_settings(weights, corpus(4, words=("up", "down", "left", "right")), 12.0, longest_s=12.0)


def test_settings_are_chosen_on_the_scores_after_the_filter() -> None:
    """The recordings are tones, of which the network takes none for a word; this filter takes a trace of a word for it."""
    shipped = load_weights("directional4w")
    plain = chosen(replace(shipped, info=shipped.info.without_filter()))
    bold = chosen(load_filtered(own_score_filter(10.0, bias=55.0)))
    assert {each.settings.smoothing for each in plain} == {*SMOOTHINGS}
    assert {each.settings.talk_shift for each in plain} <= {*TALK_SHIFTS}
    assert {each.settings.smoothing for each in bold} == {*FILTERED_SMOOTHINGS}
    assert {each.settings.talk_shift for each in bold} <= {*FILTERED_TALK_SHIFTS}
    assert max(each.heard for each in plain) < max(each.heard for each in bold)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, set[str]]]:
    """The seed and the words of all streams that settings are chosen on."""
    calls: list[tuple[int, set[str]]] = []

    def first_condition(
        corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str]
    ) -> Iterator[tuple[str, Make]]:
        calls.append((seed, {*words}))
        return islice(conditions(corpus, which, seconds, seed, words), 1)

    monkeypatch.setattr(tuning, "conditions", first_condition)
    return calls


def test_settings_are_chosen_on_the_streams_of_all_seeds(asked: list[tuple[int, set[str]]]) -> None:
    tuning.choose_settings(load_weights("directional4w"), corpus(4), 12.0, longest_s=12.0, seeds=(3, 4))
    assert [seed for seed, _ in asked] == [3, 4]


@pytest.mark.parametrize("every_word", [False, True])
def test_either_the_directions_of_a_larger_vocabulary_count_or_every_word(
    asked: list[tuple[int, set[str]]], every_word: bool
) -> None:
    weights = load_weights("18w")
    best = tuning.choose_settings(weights, corpus(4), 12.0, longest_s=12.0, every_word=every_word)[0]
    words = {*filter(is_word, weights.info.labels)}
    counted = words if every_word else {*DIRECTIONS}
    assert [words for _, words in asked] == [counted]
    assert {*best.settings.thresholds} == words
    per_hour = best.false_moves["per_hour"]
    assert isinstance(per_hour, dict)
    assert {*per_hour} == counted
