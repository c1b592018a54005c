from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voicetrail.audio.file import demo_path
from voicetrail.cli import main

LABELS = ["up", "down", "left", "right", "_unknown_", "_background_noise_"]


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Path, Path]:
    """Silence, and a piece of the bundled voice at another rate and in stereo."""
    silence, voice = tmp_path / "silence.wav", tmp_path / "a voice.flac"
    soundfile.write(silence, np.zeros(4_000), 16_000)
    sound, _ = soundfile.read(demo_path(), frames=24_000)
    soundfile.write(voice, np.stack((sound, sound), axis=1).repeat(2, axis=0), 32_000)
    return silence, voice


def test_one_json_object_per_clip(clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--json", *map(str, clips)]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["path"], second["path"]) == tuple(map(str, clips))
    assert first["word"] == "_background_noise_"
    for line in (first, second):
        assert list(line) == ["path", "word", "scores"]
        assert list(line["scores"]) == LABELS
        assert line["word"] == max(line["scores"], key=line["scores"].get)
        assert sum(line["scores"].values()) == pytest.approx(1.0, abs=0.004)
    assert second["scores"] != first["scores"]


def test_text_output_is_readable(clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(clips[0])]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{clips[0]}: _background_noise_ ")
    assert out.count(",") == 2


def test_paths_are_read_from_a_list_or_standard_input(
    clips: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = f"{clips[1]}\n\n{clips[0]}\n"
    (tmp_path / "list").write_text(listing, "utf-8")
    assert main(["classify", "--list", str(tmp_path / "list")]) == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(listing))
    assert main(["classify", "--list", "-"]) == 0
    assert capsys.readouterr().out == from_file
    assert [line.partition(": ")[0] for line in from_file.splitlines()] == [str(clips[1]), str(clips[0])]


def test_unreadable_file_does_not_stop_the_others(
    clips: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    assert main(["classify", str(broken), str(tmp_path / "nowhere.wav"), str(clips[0])]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert [line.startswith("voicetrail: ") for line in printed.err.splitlines()] == [True, True]
    assert "broken.wav" in printed.err
    assert "nowhere.wav" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to classify"),
        (["--list", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["--list", "binary"], "it is not text"),
    ],
)
def test_wrong_usage_is_reported(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("binary").write_bytes(b"\xff\xfe\x00")
    assert main(["classify", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_missing_weights_are_reported(clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--weights", "none", str(clips[0])]) == 1
    assert "there are no weights named 'none'" in capsys.readouterr().err
