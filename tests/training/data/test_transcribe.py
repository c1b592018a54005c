"""The list of lines that hold a word, from transcripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.training.data.speech import read_left_out
from voicetrail.training.data.transcribe import GAP, PIECE, TRANSCRIPTS, join, main, must_go, share_out


@pytest.mark.parametrize(
    "transcript",
    [
        " No.",
        "All RIGHT, then",
        "the up-and-coming",
        "forty-two of them",
        "number 7",
        "in 1947",
        "no-one",
        "",
        " ",
        " ...",
        "Who's the one's?",
    ],
)
def test_lines_with_a_word_a_figure_or_nothing_must_go(transcript: str) -> None:
    assert must_go(transcript)


@pytest.mark.parametrize("transcript", [" I know.", "upon my word", "Someone alone, brightly", "It goes nowhere; eighth", "ok"])
def test_words_that_only_hold_one_stay(transcript: str) -> None:
    assert not must_go(transcript)


@given(st.lists(st.integers(8_000, 20 * 16_000), max_size=40))
@settings(max_examples=50)
def test_pieces_hold_every_line_once_and_are_as_full_as_they_can_be(lengths: list[int]) -> None:
    pieces = join(lengths)
    assert [number for piece in pieces for number in piece] == list(range(len(lengths)))
    sizes = [sum(lengths[number] + GAP for number in piece) for piece in pieces]
    assert all(size <= PIECE for size in sizes)
    assert all(size + lengths[piece[0]] + GAP > PIECE for size, piece in zip(sizes, pieces[1:], strict=False))


def test_a_line_longer_than_a_piece_stands_alone() -> None:
    assert join([8_000, 40 * 16_000, 8_000]) == [[0], [1], [2]]


def test_words_go_to_the_line_they_are_said_in_or_next_to() -> None:
    lengths = [16_000, 32_000, 16_000]  # from 0, 1.6 and 4.2 s
    words = [(0.0, 0.5, " Who"), (0.9, 1.5, " there?"), (1.2, 1.5, " Me,"), (3.5, 3.6, " me."), (5.1, 9.0, " Oh.")]
    assert share_out(words, lengths) == [" Who there?", " Me, me.", " Oh."]
    assert share_out([], lengths) == ["", "", ""]


def tree(out: Path, *names: str) -> None:
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(out / f"{name}.flac", np.zeros(16_000), 16_000)


def transcripts(out: Path, rows: dict[str, str]) -> None:
    lines = [json.dumps({"line": name, "text": text}) + "\n" for name, text in rows.items()]
    (out / TRANSCRIPTS).write_text("".join(lines), "utf-8")


def test_the_list_is_made_of_what_was_transcribed_before_and_keeps_what_is_not_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(tmp_path, "queen/A", "queen/B", "drascula/C")
    transcripts(tmp_path, {"queen/A": " Go!", "queen/B": " Hello.", "drascula/C": ""})
    listed = tmp_path / "left_out.txt"
    listed.write_text("# old\nen_US_f_Allison/X\nqueen/B\n", "utf-8")
    assert main([str(tmp_path), "--list", str(listed)]) == 0
    assert listed.read_text("utf-8").splitlines()[1:] == ["drascula/C", "en_US_f_Allison/X", "queen/A"]
    assert read_left_out(listed) == {"drascula/C", "en_US_f_Allison/X", "queen/A"}
    assert capsys.readouterr().out.startswith("3 lines have transcripts, and 2 of them are skipped")


def test_without_faster_whisper_the_message_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    tree(tmp_path, "queen/A", "queen/B")
    transcripts(tmp_path, {"queen/A": " Hello."})
    listed = tmp_path / "left_out.txt"
    listed.write_text("queen/B\n", "utf-8")
    assert main([str(tmp_path), "--list", str(listed)]) == 1
    assert "-m pip install faster-whisper" in capsys.readouterr().err
    assert listed.read_text("utf-8") == "queen/B\n"


def test_no_lines_and_damaged_transcripts_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--list", str(tmp_path / "list")]) == 1
    assert f"voicetrail.training.data.speech {tmp_path} --all" in capsys.readouterr().err
    tree(tmp_path, "queen/A")
    (tmp_path / TRANSCRIPTS).write_text('{"line": 1}\n', "utf-8")
    assert main([str(tmp_path), "--list", str(tmp_path / "list")]) == 1
    assert "contains no transcripts" in capsys.readouterr().err
