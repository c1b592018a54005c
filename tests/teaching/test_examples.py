"""Takes are kept in a folder and read back as they were; what a folder from elsewhere may not hold is refused in one line."""

from __future__ import annotations

import json
import random
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.teaching.sets import example_set
from tests.teaching.tones import take
from voicetrail.errors import TeachingError
from voicetrail.teaching.examples import MANIFEST, WORD_MAX, ExampleSet, check_word, load_examples, save_examples
from voicetrail.teaching.takes import TakeProblem
from voicetrail.training.data.corpus import find_folders, load_corpus


def test_a_set_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    examples = example_set()
    save_examples(examples, tmp_path / "set")
    again = load_examples(tmp_path / "set")
    assert again.counts() == {"links": 3, "rechts": 3}
    for word in examples.words:
        for one, two in zip(examples.takes[word], again.takes[word], strict=True):
            assert np.abs(one.sound - two.sound).max() < 1e-4
            assert (one.begin, one.end, one.cut_off) == (two.begin, two.end, two.cut_off)
    assert np.abs(again.room - examples.room).max() < 1e-4


def test_what_was_removed_is_deleted_from_the_folder(tmp_path: Path) -> None:
    examples = example_set()
    save_examples(examples, tmp_path)
    examples.remove("links", 1)
    save_examples(examples, tmp_path)
    assert load_examples(tmp_path).counts() == {"links": 2, "rechts": 3}
    assert len([*tmp_path.glob("links/*.wav")]) == 2


def test_files_are_private(tmp_path: Path) -> None:
    save_examples(example_set(), tmp_path / "set")
    for path in (tmp_path / "set").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_same_recording_twice_is_pointed_out_and_counts_once() -> None:
    examples = ExampleSet()
    one = take("links")
    for _ in range(3):
        examples.add("links", one)
    assert examples.problems("links", 0) == ()
    assert TakeProblem.DUPLICATE in examples.problems("links", 2)
    assert len(examples.distinct("links")) == 1


@pytest.mark.parametrize(
    "word", ["", " ", "../up", "a/b", ".hidden", "_unknown_", "a\x1b[2J", "x" * 25, "a\u202eb", "\ud800", "a  b"]
)
def test_a_word_that_could_do_harm_is_refused(word: str) -> None:
    with pytest.raises(TeachingError):
        ExampleSet().add_word(word)


@pytest.mark.parametrize("word", ["links", "Вправо", "右", "haut-bas", "l’eau", "turn left", "e\u0301te\u0301"])
def test_words_of_any_language_are_taken(word: str) -> None:
    assert ExampleSet().add_word(word)


@given(st.text(max_size=40))
def test_every_word_that_passes_is_a_plain_file_name(word: str) -> None:
    try:
        name = check_word(word)
    except TeachingError:
        return
    assert 0 < len(name) <= WORD_MAX
    assert Path(name).name == name not in (".", "..")
    assert name.isprintable()


def test_a_word_is_there_once_whatever_its_case() -> None:
    examples = ExampleSet()
    examples.add_word("Links")
    with pytest.raises(TeachingError, match="already exists"):
        examples.add_word("links")


def test_five_hundred_mutated_manifests_give_a_set_or_one_line(tmp_path: Path) -> None:
    save_examples(example_set(), tmp_path)
    text = (tmp_path / MANIFEST).read_text()
    rng = random.Random(7)
    pieces = [
        "..",
        "/",
        "\\u0000",
        "null",
        "1e400",
        "-1",
        "[]",
        "{}",
        '"',
        "99999999999999",
        "\x1b",
        "true",
        "../../etc/passwd",
    ]
    for _ in range(500):
        at = rng.randrange(len(text))
        size = rng.choice((0, 1, 2, 5, 20))
        (tmp_path / MANIFEST).write_text(text[:at] + rng.choice(pieces) + text[at + size :], "utf-8")
        message = ""
        try:
            load_examples(tmp_path)
        except TeachingError as error:
            message = str(error)
        assert message.isprintable()


def test_a_later_version_is_said_to_be_one(tmp_path: Path) -> None:
    save_examples(example_set(), tmp_path)
    data = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**data, "format_version": 2}))
    with pytest.raises(TeachingError, match="version 2"):
        load_examples(tmp_path)


def test_a_link_in_place_of_a_take_is_not_followed(tmp_path: Path) -> None:
    save_examples(example_set(), tmp_path)
    victim = next(tmp_path.glob("links/*.wav"))
    other = tmp_path / "elsewhere.wav"
    victim.rename(other)
    victim.symlink_to(other)
    with pytest.raises(TeachingError, match="missing"):
        load_examples(tmp_path)


def test_training_takes_the_folder_of_examples_as_its_data(tmp_path: Path) -> None:
    save_examples(example_set(), tmp_path / "kept", held_out=True)
    found = find_folders(tmp_path / "kept")
    counts = example_set().counts()
    for split, share in (("training", lambda count: count - count // 3), ("validation", lambda count: count // 3)):
        corpus = load_corpus(found, split)
        assert len(corpus.clips) == sum(map(share, counts.values()))


def test_a_take_that_holds_what_is_no_number_is_refused(tmp_path: Path) -> None:
    save_examples(example_set(), tmp_path / "kept")
    (file, *_) = sorted((tmp_path / "kept" / "links").glob("*.wav"))
    soundfile.write(file, np.full(8000, np.nan, dtype=np.float32), 16_000, subtype="FLOAT")
    with pytest.raises(TeachingError, match="holds what is no sound"):
        load_examples(tmp_path / "kept")
