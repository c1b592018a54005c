"""What Kokoro's voices are to say, and how it is spelled for the network."""

import importlib.resources
import shutil
from pathlib import Path

import pytest

from voicetrail.errors import TrainingError
from voicetrail.training.data.kokoro import COUNTS, HELDOUT, Kokoro, phonemes, plan
from voicetrail.training.data.synthesize import DIRECTION_WORDS


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("He would have found it quite agreeable there.\nTurn right at the corner of this street.\n", "utf-8")
    return path


def test_the_voice_held_out_speaks_for_the_evaluation_alone(text: Path) -> None:
    sayings = list(plan(Path("out"), [text], 2, 5))
    assert len({saying.path for saying in sayings}) == len(sayings)
    held_out = [saying for saying in sayings if "heldout" in saying.path.parts]
    assert held_out
    assert all((HELDOUT in saying.voices) == ("heldout" in saying.path.parts) for saying in sayings)


def test_a_word_is_said_as_often_as_asked_and_no_direction_is_a_negative(text: Path) -> None:
    sayings = list(plan(Path("out"), [text], 2, 5))
    said = [saying.path.parent.name for saying in sayings if saying.path.parent.parent.name == "words"]
    assert {word: said.count(word) for word in said} == dict(COUNTS)
    negatives = [saying for saying in sayings if "words" not in saying.path.parts]
    assert not any(saying.text.strip(".!?").lower() in ("up", "down", "left", "right") for saying in negatives)
    assert not any(DIRECTION_WORDS.search(saying.text) for saying in negatives if "talk" in saying.path.parts)


def test_a_plan_follows_from_its_seed(text: Path) -> None:
    assert list(plan(Path("out"), [text], 2, 5)) == list(plan(Path("out"), [text], 2, 5))
    assert list(plan(Path("out"), [text], 2, 5)) != list(plan(Path("out"), [text], 3, 5))


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_english_is_spelled_as_the_network_reads_it() -> None:
    assert phonemes("town.") == "tˈWn."
    assert phonemes("light!") == "lˈIt!"
    assert phonemes("go") == "ɡˈO"


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib.resources, "files", missing)
    with pytest.raises(TrainingError, match=r"pip install '\.\[voices\]'"):
        Kokoro()
