"""Running speech out of packages: small ones made here, decoded for real."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.disks import FULL, fill
from voicetrail.audio.file import demo_path
from voicetrail.errors import TrainingError
from voicetrail.training.data import heldout
from voicetrail.training.data.speech import LEFT_OUT, VOICES, find_entries, main, read_left_out
from voicetrail.training.data.transcribe import ENGLISH

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
QUEEN = "usr/share/scummvm/flight-of-the-amazon-queen/queen.1c"
FILLETS = "usr/share/games/fillets-ng/sound"
STAMPS = "usr/share/tuxpaint/stamps"
DRASCULA = "usr/share/scummvm/drascula/en"
ASTERISK = "usr/share/asterisk/sounds"


def hum(seconds: float, rate: int = 16_000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate))


def ogg(path: Path, seconds: float = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, hum(seconds, 22_050), 22_050, format="OGG", subtype="VORBIS")


def mp3(seconds: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, hum(seconds, 22_050), 22_050, format="MP3")
    return file.getvalue()


def archive(path: Path, entries: Sequence[tuple[str, bytes]]) -> bytes:
    table, data, begin = b"", b"", 15 + 21 * len(entries)
    for name, content in entries:
        table += struct.pack(">12sBII", name.encode(), 1, begin + len(data), len(content))
        data += content
    whole = b"QTBL" + b"CEM10\0" + b"\0\0" + b"\1" + struct.pack(">H", len(entries)) + table + data
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(whole)
    return whole


def raw(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((hum(seconds, 11_025) * 128 + 128).astype(np.uint8).tobytes())


def prompt(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = ["ffmpeg", "-v", "error", "-i", str(demo_path()), "-t", "2", "-ar", "16000", "-ac", "1", "-c:a", "g722", str(path)]
    subprocess.run(line, check=True)


def written(out: Path) -> dict[str, float]:
    """Seconds of each file; all are 16 kHz mono."""
    infos = {path: soundfile.info(path) for path in sorted(out.rglob("*")) if path.is_file()}
    assert all((info.samplerate, info.channels, info.format) == (16_000, 1, "FLAC") for info in infos.values())
    return {str(path.relative_to(out)): round(info.frames / 16_000, 1) for path, info in infos.items()}


def test_voices_are_named_by_their_language_and_lines_by_their_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    ogg(root / FILLETS / "city" / "cs" / "vit-m-hlava.ogg")
    ogg(root / FILLETS / "share" / "border" / "cs" / "what.ogg")
    ogg(root / FILLETS / "city" / "nl" / "vit-m-hlava.ogg")
    ogg(root / FILLETS / "city" / "vrr.ogg")
    ogg(root / STAMPS / "animals" / "birds" / "owl_desc_ca.ogg")
    ogg(root / STAMPS / "animals" / "birds" / "owl.ogg")
    ogg(root / STAMPS / "animals" / "ox_desc_ca.ogg", seconds=0.4)
    assert main([str(out), "--root", str(root)]) == 0
    assert written(out) == {
        "fillets_cs/city_vit-m-hlava.flac": 1.0,
        "fillets_cs/share_border_what.flac": 1.0,
        "fillets_nl/city_vit-m-hlava.flac": 1.0,
        "tuxpaint_ca/animals_birds_owl_desc_ca.flac": 1.0,
    }
    printed = capsys.readouterr()
    assert "not installed, skipped: asterisk-core-sounds-en-g722," in printed.err
    assert "(sudo apt install asterisk-core-sounds-en-g722 " in printed.err
    assert "fillets-ng" not in printed.err
    assert [line.split()[:4] for line in printed.out.splitlines()][:1] == [["fillets_cs", "2", "lines", "0.0"]]


def test_lines_of_games_come_from_archive_and_raw_bytes_at_the_right_speed(tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    archive(root / QUEEN, [("MUSIC.RL", b"none"), ("020001P2.SB", mp3(1)), ("SHORT.SB", mp3(0.2)), ("LONG.SB", mp3(20.5))])
    raw(root / DRASCULA / "T10.ALS", 2)
    raw(root / DRASCULA / "LONG.ALS", 20.5)
    (root / DRASCULA / "10.ALG").write_bytes(b"a picture")
    assert main([str(out), "--root", str(root), "--all"]) == 0
    assert list(written(out)) == ["drascula/T10.flac", "queen/020001P2.flac"]
    for name in written(out):
        sound, _ = soundfile.read(out / name)
        spectrum = np.abs(np.fft.rfft(sound[:16_000]))
        assert spectrum.argmax() == 440
        assert abs(np.mean(sound)) < 0.01
        assert np.sqrt(np.mean(sound[4_000:12_000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@needs_ffmpeg
def test_prompts_are_decoded_and_digits_left_out(tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    prompt(root / ASTERISK / "fr_CA_f_June" / "dictate" / "pause.g722")
    prompt(root / ASTERISK / "fr_CA_f_June" / "digits" / "1.g722")
    assert main([str(out), "--root", str(root)]) == 0
    assert written(out) == {"fr_CA_f_June/dictate_pause.flac": 2.0}
    sound, _ = soundfile.read(out / "fr_CA_f_June" / "dictate_pause.flac")
    assert np.abs(sound).max() > 0.05


def test_lines_in_the_list_are_left_out_and_removed(tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    listed = next(name for name in sorted(read_left_out()) if name.startswith("drascula/"))
    raw(root / DRASCULA / f"{listed.removeprefix('drascula/')}.ALS", 1)
    raw(root / DRASCULA / "NOT-LISTED.ALS", 1)
    assert main([str(out), "--root", str(root), "--all"]) == 0
    assert list(written(out)) == [f"drascula/{name}.flac" for name in sorted(["NOT-LISTED", listed.split("/")[1]])]
    assert main([str(out), "--root", str(root)]) == 0
    assert list(written(out)) == ["drascula/NOT-LISTED.flac"]


def test_a_full_disk_is_said_in_one_line_and_leaves_no_half_file(
    tmp_path: Path, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw(tmp_path / DRASCULA / "T10.ALS", 18)
    fill(disk, leave_kb=16)
    assert main([str(disk / "out"), "--root", str(tmp_path), "--all"]) == 1
    *_, error = capsys.readouterr().err.splitlines()
    assert error == f"voicetrail: {disk}/out/drascula/T10.flac cannot be written: {FULL}"
    assert not [path for path in (disk / "out").rglob("*") if path.is_file()]


def test_the_list_names_lines_of_english_voices_sorted() -> None:
    head, *names = LEFT_OUT.read_text("utf-8").splitlines()
    assert head.startswith("# ")
    assert names == sorted(set(names)) == sorted(read_left_out())
    assert {name.split("/")[0] for name in names} == set(ENGLISH)


def test_voices_held_out_are_voices() -> None:
    assert {voice.name for voice in VOICES} >= heldout.PHRASES - {"view_glass", "jarvis"}
    assert set(ENGLISH) <= {voice.name for voice in VOICES}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda whole: b"MZ" + whole[2:], "QTBL"),
        (lambda whole: whole[:12] + b"\3" + whole[13:], "compression is 3"),
        (lambda whole: whole[:20], "inside its table"),
        (lambda whole: whole[:60], "outside"),
        (lambda whole: whole.replace(b"A.SB", b"/.SB"), "has an invalid name"),
        (lambda whole: b"", "QTBL"),
    ],
)
def test_a_broken_archive_is_reported_in_one_line(tmp_path: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    path = tmp_path / "queen.1c"
    path.write_bytes(damage(archive(path, [("A.SB", mp3(1))])))
    with pytest.raises(TrainingError, match=reason):
        find_entries(path)


def test_an_entry_that_is_no_mp3_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive(tmp_path / QUEEN, [("A.SB", b"x" * 500)])
    assert main([str(tmp_path / "out"), "--root", str(tmp_path), "--all"]) == 1
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1].startswith("voicetrail: ")
    assert "queen.1c cannot be read (A in it is not an mp3" in printed[-1]


def test_a_root_without_speech_names_all_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--root", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"voicetrail: {tmp_path} contains no speech: sudo apt install ")
    assert all(voice.package in line for voice in VOICES)
    assert not (tmp_path / "out").exists()


def test_only_the_packages_asked_for_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--root", str(tmp_path), "--package", "drascula"]) == 1
    assert capsys.readouterr().err.splitlines()[0].endswith("sudo apt install drascula")
