"""Telephone prompts as negatives, decoded by the real ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile

from voicetrail.audio.file import demo_path
from voicetrail.errors import TrainingError
from voicetrail.training.prompts import main, write

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def prompt(path: Path, source: str = "", seconds: float = 6) -> None:
    """Write the begin of a recording, or a tone, as a prompt."""
    path.parent.mkdir(parents=True, exist_ok=True)
    given = ["-f", "lavfi", "-i", source] if source.startswith("sine") else ["-i", source or str(demo_path())]
    line = ["ffmpeg", "-v", "error", *given, "-t", str(seconds), "-ar", "16000", "-ac", "1", "-c:a", "g722", str(path)]
    subprocess.run(line, check=True)


@needs_ffmpeg
def test_english_prompts_with_a_direction_digits_and_beeps_are_left_out(tmp_path: Path) -> None:
    source, out = tmp_path / "sounds", tmp_path / "out"
    prompt(source / "en_US_f_One" / "with-directions.g722")
    prompt(source / "en_US_f_One" / "without.g722", "sine=frequency=300")
    prompt(source / "en_US_f_One" / "digits" / "1.g722", "sine=frequency=300")
    prompt(source / "en_US_f_One" / "beep.g722", "sine=frequency=300", seconds=0.2)
    prompt(source / "fr_CA_f_Two" / "dictate" / "what-it-says-is-no-matter.g722")
    count, seconds = write(source, out)
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == ["en_US_f_One/without.flac", "fr_CA_f_Two/dictate_what-it-says-is-no-matter.flac"]
    assert (count, seconds) == (2, 12)
    assert soundfile.info(out / files[0]).samplerate == 16_000


def test_a_folder_without_prompts_names_the_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match="asterisk-core-sounds"):
        write(tmp_path, tmp_path / "out")
    assert main([str(tmp_path / "out"), "--source", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("voicetrail: ")
