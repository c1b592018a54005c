from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.disks import FULL, fill
from voicetrail.training.data import synthesize
from voicetrail.training.data.neighbors import NEIGHBORS, neighbors_of
from voicetrail.training.data.synthesize import DIRECTION_WORDS, HELDOUT, Utterance, plan, sentences, speak
from voicetrail.vocabulary import DIRECTIONS, VOCABULARIES

TEXT = (
    "The kettle was on the stove again. He went down to the river this morning! Nobody was left in the old house. "
    "Yes. It was the uppermost shelf that broke. She said that it would rain all day? All rights are reserved by nobody at all."
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, "utf-8")
    return path


def test_sentences_with_a_direction_in_them_are_left_out(text: Path) -> None:
    assert list(sentences([text])) == ["The kettle was on the stove again.", "She said that it would rain all day?"]


@given(st.sampled_from([*DIRECTIONS, "Upright", "DOWNTOWN", "write", "upper"]), st.sampled_from(["", ",", "!", "'s"]))
def test_no_direction_hides_in_a_sentence(word: str, after: str) -> None:
    assert DIRECTION_WORDS.search(f"we all said {word}{after} and then we laughed")


@pytest.fixture(scope="module")
def todo(tmp_path_factory: pytest.TempPathFactory) -> list[Utterance]:
    """All that is to be spoken with the seed 1: some thousand words, and two sentences."""
    text = tmp_path_factory.mktemp("text") / "text.txt"
    text.write_text(TEXT, "utf-8")
    return list(plan(Path("out"), [text], 1, 1, 1))


def test_the_plan_follows_from_the_seed(text: Path, todo: list[Utterance]) -> None:
    assert list(plan(Path("out"), [text], 1, 1, 1)) == todo
    assert list(islice(plan(Path("out"), [text], 2, 1, 1), 100)) != todo[:100]


def test_no_file_is_to_hold_two_texts_and_held_out_voices_are_the_evaluations(todo: list[Utterance]) -> None:
    texts: dict[Path, str] = {}
    for utterance in todo:
        # A word may be a neighbor of two; its punctuation is no other text.
        text_of = utterance.text.rstrip(".!?")
        assert texts.setdefault(utterance.path, text_of) == text_of
        name = utterance.voice.removeprefix("flite:").rpartition("+")[2]
        assert (name in HELDOUT) == ("heldout" in utterance.path.parts), utterance
    assert sum("talk" in utterance.path.parts for utterance in todo) == 2


def test_neighbors_are_no_words_of_the_vocabulary_when_spoken(todo: list[Utterance]) -> None:
    spoken = {u.text for u in todo if "neighbors" in u.path.parts}
    assert {"cup", "town", "lift", "light"} <= spoken
    assert not spoken & {*VOCABULARIES["18w"]}


def test_no_word_is_its_own_neighbor_nor_a_homophone() -> None:
    for word in NEIGHBORS:
        assert not {word, "write", "rite"} & {*neighbors_of(word)}
        assert len(neighbors_of(word)) == len(set(neighbors_of(word)))
    assert neighbors_of("parrot") == ()


@pytest.mark.parametrize(("program", "voice", "pitch"), [("espeak-ng", "en-us+f1", 50), ("flite", "flite:slt", 180)])
def test_a_word_is_spoken_as_16_khz_flac_and_not_twice(tmp_path: Path, program: str, voice: str, pitch: int) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    utterance = Utterance("up", voice, pitch, 150, tmp_path / "up" / "a.flac")
    speak(utterance)
    sound, rate = soundfile.read(utterance.path)
    assert rate == 16_000
    assert 0.15 < len(sound) / rate < 2.0
    assert abs(sound).max() > 0.05
    utterance.path.write_bytes(b"kept")
    speak(utterance)
    assert utterance.path.read_bytes() == b"kept"


def test_a_text_that_is_not_there_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("sys.argv", ["synthesize", str(tmp_path / "out"), "--text", str(tmp_path / "none.txt")])
    with pytest.raises(SystemExit, match=r"none\.txt cannot be read: No such file or directory"):
        synthesize.main()


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_full_disk_is_said_in_one_line(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(synthesize, "COUNTS", {"up": 1})
    monkeypatch.setattr(synthesize, "NEIGHBORS", {})
    monkeypatch.setattr("sys.argv", ["synthesize", str(disk / "out"), "--talk", "0", "--heldout-talk", "0"])
    monkeypatch.setattr(synthesize, "_voice", lambda rng, heldout: "en-us")
    fill(disk, leave_kb=4)
    with pytest.raises(SystemExit, match=f"cannot be written: {FULL}"):
        synthesize.main()


def test_without_the_programs_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["synthesize", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="apt install espeak-ng"):
        synthesize.main()
