"""`voicetrail teach` and `words`: takes from files, folders and replays; what is wrong is one line, and nothing is lost."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.replay.makers import Stage, record_spoken
from tests.teaching.tones import recording, silence, spoken
from voicetrail import sources
from voicetrail.cli import main
from voicetrail.events import SAMPLE_RATE
from voicetrail.game.inputs import Undo
from voicetrail.replay.file.entries import Marker
from voicetrail.replay.file.format import SOUND_SUFFIX
from voicetrail.replay.file.reader import read
from voicetrail.teaching import making, word_sets
from voicetrail.teaching.collecting.drafts import list_drafts, only_program
from voicetrail.teaching.collecting.gathering import takes_of_replay

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of the test's own, taught with a sixth of the negatives."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shipped = making.shipped_negatives()
    thin = shipped.at(slice(None, None, 6))
    monkeypatch.setattr(making, "shipped_negatives", lambda base="": thin)


def write(path: Path, sound: np.ndarray, rate: int = SAMPLE_RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate)
    return path


def test_takes_come_from_any_format_from_long_recordings_and_from_folders(tmp_path: Path, capsys: Captured) -> None:
    long = write(tmp_path / "long.flac", recording(["links"] * 6, pause=2.0))
    stereo = np.stack([np.repeat(recording(["rechts"] * 5, seed=3), 3)] * 2, axis=1)
    write(tmp_path / "many" / "a.ogg", stereo, 48_000)
    for seed in range(3):
        write(tmp_path / "many" / "deeper" / f"{seed}.wav", recording(["rechts"], seed=10 + seed)[8000:])
    (tmp_path / "many" / "broken.mp3").write_bytes(b"no sound")
    given = [
        "--word",
        "links=left",
        "--word",
        "rechts=right",
        "--from",
        f"links={long}",
        "--from",
        f"rechts={tmp_path / 'many'}",
    ]
    assert main(["teach", "mine", *given]) == 0
    said = capsys.readouterr().err
    assert "links: 6 takes" in said
    assert "rechts: 8 takes" in said
    assert "left out" in said
    assert "broken.mp3" in said
    (info,) = word_sets.list_sets()
    assert (dict(info.takes), info.meanings) == ({"links": 6, "rechts": 8}, {"links": "left", "rechts": "right"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a/b", "--word", "links"], "cannot be the name of a set"),
        (["..", "--word", "links"], "cannot be the name of a set"),
        (["directional4w", "--word", "links"], "name of shipped weights"),
        (["mine", "--word", "../links"], "cannot be a word"),
        (["mine", "--word", "links", "--word", "Links"], "given twice"),
        (["mine", "--word", "links=sideways"], "the meaning must be one of"),
        (["mine"], "name the words with --word"),
        (["mine", "--from", "links"], "write WORD=PATH"),
        (["mine", "--from", "links=NONE.wav"], "there is no file NONE.wav"),
        (["mine", "--from", f"links={'x' * 300}"], "File name too long"),
        (["mine", "--from", "links=quiet.wav"], "no take was found in quiet.wav"),
        (["mine", "--from", "links=empty"], "contains no sound files"),
        (["mine", "--from", "links=one.wav"], "links has 1 takes; record at least 3 different ones"),
        (["mine", "--from", "links=same"], "only 1 that differ"),
        (["mine", "--word", "links", "--replay", "NONE"], "there is no replay NONE"),
        (["mine", "--continue"], "are damaged; delete them and record the words again"),
        (["mine", "--word", "links", "--source", "quiet.wav"], "the source has ended"),
        (["mine", "--word", "links", "--base", "nowhere"], "no weights named"),
    ],
)
def test_wrong_input_gives_one_line_and_saves_no_set(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "quiet.wav", silence(2.0, -90.0))
    one = write(tmp_path / "one.wav", recording(["links"]))
    (tmp_path / "empty").mkdir()
    for number in range(4):
        write(tmp_path / "same" / f"{number}.wav", soundfile.read(one)[0])
    if "--base" in arguments:
        arguments = [*arguments, "--from", "links=same"]
    assert main(["teach", *arguments]) != 0
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[-1]
    assert sum(line.startswith("voicetrail:") for line in lines) == 1
    assert word_sets.list_sets() == []


def test_two_words_that_sound_alike_are_pointed_out(tmp_path: Path, capsys: Captured) -> None:
    one = write(tmp_path / "a.wav", recording(["links"] * 5, seed=1))
    two = write(tmp_path / "b.wav", recording(["links"] * 5, seed=2))
    assert main(["teach", "mine", "--from", f"links={one}", "--from", f"lynx={two}"]) == 0
    said = capsys.readouterr().err
    assert "links is taken for lynx" in said or "lynx is taken for links" in said


def test_teaching_continues_after_the_sound_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    real = sources.open_source
    monkeypatch.setattr(sources, "open_source", lambda spec, **more: real(spec, **more | {"paced": False}))
    first = np.concatenate((silence(4.2), recording(["links"] * 3, seed=1)))
    write(tmp_path / "first.wav", first)
    words = ["--word", "links=left", "--word", "rechts=right", "--takes", "3"]
    assert main(["teach", "mine", *words, "--source", str(tmp_path / "first.wav")]) != 0
    assert "--continue" in capsys.readouterr().err
    (draft,) = list_drafts()
    assert (draft.takes, draft.words) == (3, ("links", "rechts"))
    write(tmp_path / "second.wav", recording(["rechts"] * 3, seed=2))
    assert main(["teach", "mine", "--continue", "--source", str(tmp_path / "second.wav")]) == 0
    (info,) = word_sets.list_sets()
    assert dict(info.takes) == {"links": 3, "rechts": 3}
    assert info.meanings == {"links": "left", "rechts": "right"}
    assert list_drafts() == []


def test_full_disk_does_not_damage_existing_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    found = write(tmp_path / "a.wav", recording(["links"] * 4, seed=1))
    assert main(["teach", "mine", "--from", f"links={found}"]) == 0
    capsys.readouterr()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(word_sets, "replace_file", full)
    assert main(["teach", "mine", "--from", f"links={found}"]) != 0
    assert "No space left on device" in capsys.readouterr().err.splitlines()[-1]
    monkeypatch.undo()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert [info.name for info in word_sets.list_sets()] == ["mine"]


def record_marked_and_undone(path: Path) -> None:
    """A session of 20 s with its sound: at 6 s a word is undone, at 12 s one that was missed is marked; both were said as *links*."""
    stage = Stage()
    stage.start(path, sound=True)
    rows = [(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)] * 500
    for hop in range(150, 158):
        rows[hop] = (0.0, 0.0, 0.95, 0.0, 0.0, 0.05)
    for hop in range(300, 308):
        rows[hop] = (0.0, 0.0, 0.4, 0.0, 0.0, 0.6)
    done = set[str]()
    for hop, _ in stage.listen(rows):
        if hop == 175 and "undo" not in done:
            done.add("undo")
            stage.do(Undo(), hop * 40)
        if hop == 325 and "mark" not in done:
            done.add("mark")
            stage.recorder.record(Marker(), hop * 40)
    stage.stop()
    sound = path.with_suffix(SOUND_SUFFIX)
    samples = silence(20.0)
    for at_s, seed in ((5.7, 1), (11.7, 2)):
        word = spoken("links", seed)
        samples[round(at_s * SAMPLE_RATE) :][: len(word)] += word
    assert sound.is_file()
    soundfile.write(sound, samples, SAMPLE_RATE, format="FLAC")


def test_marked_and_undone_words_of_a_replay_become_takes(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "kept.trail"
    record_marked_and_undone(path)
    found = takes_of_replay(read(path))
    assert [(one.kind, one.label) for one in found] == [("undone", "left"), ("marked", "left")]
    for one in found:
        assert one.take.seconds == pytest.approx(0.4, abs=0.06)
        assert one.take.problems == ()
    more = write(tmp_path / "more.wav", recording(["links"] * 2, seed=6))
    assert main(["teach", "mine", "--replay", f"links={path}", "--from", f"links={more}"]) == 0
    assert "links: 2 takes from" in capsys.readouterr().err
    assert dict(word_sets.list_sets()[0].takes) == {"links": 4}
    silent = tmp_path / "silent.trail"
    record_spoken(silent)
    assert main(["teach", "mine", "--replay", f"links={silent}"]) != 0
    assert "has no recorded sound; record sessions with --record-audio" in capsys.readouterr().err


def test_takes_that_are_not_finished_are_listed_gone_on_with_or_deleted_and_never_replaced(
    tmp_path: Path, capsys: Captured
) -> None:
    write(tmp_path / "first.wav", np.concatenate((silence(4.2), recording(["links"] * 3, seed=1))))
    words = ["--word", "links=left", "--word", "rechts=right", "--takes", "3"]
    assert main(["teach", "mine", *words, "--source", str(tmp_path / "first.wav")]) != 0
    assert main(["teach", "mine", *words, "--source", str(tmp_path / "first.wav")]) != 0
    said = capsys.readouterr().err.splitlines()[-1]
    assert "no set was made of yet: --continue goes on with them" in said
    assert "`voicetrail words delete 'mine'` deletes them" in said
    assert main(["words"]) == 0
    assert "mine: not finished, 3 takes of links, rechts" in capsys.readouterr().out
    assert main(["words", "delete", "mine", "--yes"]) == 0
    assert list_drafts() == []
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == [], "nothing that was said is left"


def test_a_set_that_another_program_teaches_is_not_taught(tmp_path: Path, capsys: Captured) -> None:
    found = write(tmp_path / "a.wav", recording(["links"] * 4, seed=1))
    with only_program("mine"):
        assert main(["teach", "mine", "--from", f"links={found}"]) != 0
    (said,) = capsys.readouterr().err.splitlines()
    assert "another program is teaching mine at the moment" in said


def test_a_pipe_is_not_waited_for(tmp_path: Path, capsys: Captured) -> None:
    os.mkfifo(tmp_path / "mine.vtwords")
    assert main(["words", "import", str(tmp_path / "mine.vtwords")]) == 1
    assert "it is not a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format_version": 2}, "has format version 2, this program reads 1; update voicetrail"),
        ({"words": ["../links"]}, "cannot be a word"),
        ({"words": ["li\x1b[2Jnks"]}, "cannot be a word"),
        ({"threshold": float("nan")}, "is damaged"),
        ({"accuracy": 10**400}, "is damaged"),
        ({"takes": {"links": -1}}, "is damaged"),
    ],
)
def test_a_file_of_a_later_version_or_with_hostile_values_is_one_line(
    change: dict[str, object], said: str, tmp_path: Path, capsys: Captured
) -> None:
    about = {
        "format_version": 1,
        "words": ["links"],
        "meanings": {},
        "takes": {"links": 3},
        "made": "",
        "backbone": "",
        "base": "",
    }
    about |= {"threshold": 0.5, "accuracy": 1.0, "false_an_hour": 1.0, **change}
    with zipfile.ZipFile(tmp_path / "mine.vtwords", "w") as archive:
        archive.writestr("set.json", json.dumps(about))
        archive.writestr("words.safetensors", b"")
    assert main(["words", "import", str(tmp_path / "mine.vtwords")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert line.isprintable()
    assert word_sets.list_sets() == []
