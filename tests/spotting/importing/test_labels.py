"""Labels of others: what they are called here, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.errors import UsageError
from voicetrail.settings.schema import WORD
from voicetrail.spotting.importing import plan_labels
from voicetrail.vocabulary import NOISE, RESERVED, UNKNOWN, is_word


def test_words_of_the_game_keep_their_meaning_and_others_have_none() -> None:
    plan = plan_labels([NOISE, UNKNOWN, "up", "yes"])
    assert plan.classes == (NOISE, UNKNOWN, "up", "yes")
    assert (plan.moves, plan.idle, plan.meanings) == ({"up": "up"}, ("yes",), {})


def test_map_defines_the_meaning_of_words() -> None:
    plan = plan_labels([NOISE, "links", "rechts", "up"], {"links": "left", "up": "none"})
    assert plan.meanings == {"links": "left", "up": ""}
    assert plan.moves == {"links": "left"}
    assert plan.idle == ("rechts", "up")


def test_teachable_machines_names_are_understood() -> None:
    plan = plan_labels(["Background Noise", "Left", "Class 2", "Class 2"], {"Class 2": "stop"})
    assert plan.classes == (NOISE, "Left", "Class_2", "Class_2-2")
    assert plan.moves == {"Left": "left", "Class_2": "stop"}
    assert plan.renamed == {"Background Noise": NOISE, "Class 2": "Class_2-2"}


def test_several_labels_can_be_noise() -> None:
    plan = plan_labels(["hum", "Background Noise", "go"], {"hum": "noise"})
    assert plan.classes == (NOISE, NOISE, "go")
    assert plan.labels == (NOISE, "go")


@pytest.mark.parametrize(
    ("labels", "mapped", "said"),
    [
        (["a"], {"b": "left"}, "no label 'b'"),
        (["a"], {"a": "sideways"}, "'sideways'"),
        ([NOISE, UNKNOWN], {}, "none of the model's labels is a word"),
    ],
)
def test_invalid_maps_are_refused(labels: list[str], mapped: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan_labels(labels, mapped)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_labels_are_converted_to_flag_names(labels: list[str]) -> None:
    plan = plan_labels([*labels, "go"])
    words = [name for name in plan.classes if name not in RESERVED]
    assert len(plan.classes) == len(labels) + 1
    assert len(set(words)) == len(words)
    assert all(WORD.fullmatch(word) and word.isprintable() and is_word(word) for word in words)
