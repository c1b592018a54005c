from __future__ import annotations

import pytest

from voicetrail.play.tuning.tuner import Tuner
from voicetrail.settings import load_settings
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import RESERVED, VOCABULARIES


@pytest.fixture
def env(tmp_path: object) -> dict[str, str]:
    return {"VOICETRAIL_CONFIG_DIR": f"{tmp_path}/config", "VOICETRAIL_STATE_DIR": f"{tmp_path}/state"}


def tuner_for(words: tuple[str, ...], env: dict[str, str]) -> Tuner:
    tuner = Tuner(load_settings(env=env))
    tuner.loaded((*words, *RESERVED), DetectorSettings())
    return tuner


def test_a_digit_selects_its_own_word_where_the_vocabulary_has_it(env: dict[str, str]) -> None:
    tuner = tuner_for(VOCABULARIES["18w"], env)
    tuner.select_number(9)
    assert tuner.selected == "nine"
    tuner.select_number(1)
    assert tuner.selected == "one"
    tuner.select_number(1)
    assert tuner.selected is None


def test_a_digit_selects_by_position_in_a_vocabulary_without_digits(env: dict[str, str]) -> None:
    tuner = tuner_for(VOCABULARIES["directional4w"], env)
    tuner.select_number(3)
    assert tuner.selected == "left"
    assert tuner.select_number(5) == "there are 4 words"
    assert tuner_for(("up",), env).select_number(2) == "there is 1 word"


def test_a_digit_that_the_vocabulary_lacks_says_so(env: dict[str, str]) -> None:
    assert "7 selects no word" in tuner_for(("one", "two"), env).select_number(7)
