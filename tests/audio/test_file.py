from __future__ import annotations

import os
import struct
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from voicetrail.audio.file import BLOCK, TAIL, FileSource
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded
from voicetrail.sources import open_source

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
Sound = npt.NDArray[np.float32]


def tone(rate: int = SAMPLE_RATE, length: float = 1.0, pitch: float = 440.0) -> Sound:
    at = np.arange(round(rate * length)) / rate
    return (0.4 * np.sin(2 * np.pi * pitch * at)).astype(np.float32)


def write(path: Path, sound: Sound, rate: int = SAMPLE_RATE) -> Path:
    form, subtype = FORMATS[path.suffix[1:]]
    soundfile.write(path, sound, rate, format=form, subtype=subtype)
    return path


def heard(source: FileSource) -> Sound:
    blocks = []
    while isinstance(item := source.read(1.0), AudioBlock):
        blocks.append(item)
    assert isinstance(item, SourceEnded)
    assert all(len(block.samples) == BLOCK for block in blocks[:-1])
    return np.concatenate([block.samples for block in blocks])


def loudest_pitch(sound: Sound) -> float:
    spectrum = np.abs(np.fft.rfft(sound[:SAMPLE_RATE] * np.hanning(SAMPLE_RATE)))
    return float(np.argmax(spectrum))


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("ending", FORMATS)
def test_any_format_and_rate_is_decoded_to_16_khz_mono(tmp_path: Path, ending: str, rate: int) -> None:
    stereo = np.stack([tone(rate), tone(rate)], axis=1)
    sound = heard(FileSource(write(tmp_path / f"tone.{ending}", stereo, rate)))
    assert abs(len(sound) - SAMPLE_RATE - TAIL) <= 2
    assert loudest_pitch(sound) == 440
    assert np.sqrt(np.mean(sound[4000:12000] ** 2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.03)


def test_samples_at_16_khz_are_unchanged_and_followed_by_silence(tmp_path: Path) -> None:
    given = tone(length=0.33)
    sound = heard(FileSource(write(tmp_path / "tone.wav", given)))
    np.testing.assert_allclose(sound[: len(given)], given, atol=1 / 32_000)
    assert len(sound) == len(given) + TAIL
    assert not sound[len(given) :].any()


def test_mp3_is_decoded_sequentially(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    path = write(tmp_path / "noise.mp3", noise)
    whole, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(heard(FileSource(path))[: len(whole)], whole, atol=1e-6)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(), np.zeros(SAMPLE_RATE, dtype=np.float32)
    sound = heard(FileSource(write(tmp_path / "left.flac", np.stack([left, right], axis=1))))
    assert np.max(np.abs(sound)) == pytest.approx(0.2, abs=0.001)


def test_floats_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 7.0] * 100, dtype=np.float32)
    soundfile.write(tmp_path / "wild.wav", wild, SAMPLE_RATE, subtype="FLOAT")
    assert heard(FileSource(tmp_path / "wild.wav"))[:4].tolist() == [0.0, 1.0, -1.0, 1.0]


def test_nothing_comes_after_the_end_or_after_close(tmp_path: Path) -> None:
    path = write(tmp_path / "tone.wav", tone(length=0.1))
    source = FileSource(path)
    heard(source)
    assert source.read(1.0) is None
    with FileSource(path) as other:
        assert isinstance(other.read(0), AudioBlock)
        other.close()
        assert other.read(1.0) is None


def test_repeat_restarts_the_file(tmp_path: Path) -> None:
    once = tone(length=0.5)
    source = FileSource(write(tmp_path / "tone.wav", once), repeat=True)
    blocks = [source.read(0) for _ in range(150)]
    sound = np.concatenate([block.samples for block in blocks if isinstance(block, AudioBlock)])
    assert len(sound) == 150 * BLOCK
    again = len(once) + TAIL
    np.testing.assert_array_equal(sound[again : again + len(once)], sound[: len(once)])


def test_paced_file_follows_the_clock_without_drift(tmp_path: Path) -> None:
    now = [100.0]
    source = FileSource(write(tmp_path / "tone.wav", tone(length=0.5)), paced=True, clock=lambda: now[0])
    assert source.read(0) is None, "the first block is given when its last sample has been heard"
    times = []
    for _ in range(400):
        now[0] += 0.007
        if isinstance(item := source.read(0), AudioBlock):
            assert item.captured is not None
            times.append(item.captured)
    assert [round(later - earlier, 6) for earlier, later in pairwise(times)] == [BLOCK / 16_000] * (len(times) - 1)
    assert times[0] == pytest.approx(100 + BLOCK / 16_000)


def test_paced_file_does_not_catch_up_a_long_delay(tmp_path: Path) -> None:
    now = [0.0]
    source = FileSource(write(tmp_path / "tone.wav", tone(length=2)), paced=True, clock=lambda: now[0])
    source.read(0)
    now[0] = 60.0
    at_once = 0
    while source.read(0) is not None:
        at_once += 1
    assert at_once <= 3


def test_paced_file_waits_in_real_time(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path / "tone.wav", tone(length=0.02)), paced=True)
    began = time.monotonic()
    heard_for = sum(isinstance(source.read(5), AudioBlock) for _ in range(10))
    assert heard_for == 10
    assert 0.19 <= time.monotonic() - began < 10


def test_close_ends_a_blocked_read(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path / "tone.wav", tone()), paced=True, clock=lambda: 0.0)
    reader = threading.Thread(target=source.read, args=(30.0,))
    reader.start()
    time.sleep(0.05)
    source.close()
    reader.join(1.0)
    assert not reader.is_alive()


def problem(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        heard(FileSource(path))
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    assert caught.value.exit_code == 1
    return text


def test_missing_file(tmp_path: Path) -> None:
    assert "there is no file" in problem(tmp_path / "none.wav")


def test_folder(tmp_path: Path) -> None:
    assert "is a folder" in problem(tmp_path)


def test_fifo_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert "not a regular file" in problem(tmp_path / "pipe.wav")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    assert "is empty" in problem(tmp_path / "empty.wav")


@pytest.mark.parametrize("name", ["text.wav", "text.raw", "text.mp3"])
def test_text_is_not_audio(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("up, down, left, right\n" * 100)
    assert "is not a readable sound file" in problem(tmp_path / name)


def test_zero_seconds(tmp_path: Path) -> None:
    assert "contains no sound" in problem(write(tmp_path / "nothing.wav", np.zeros(0, dtype=np.float32)))


@pytest.mark.parametrize("ending", ["flac", "ogg", "opus", "mp3"])
def test_empty_file_in_a_headerless_format(tmp_path: Path, ending: str) -> None:
    problem(write(tmp_path / f"nothing.{ending}", np.zeros(0, dtype=np.float32)))


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("ending", FORMATS)
def test_truncated(tmp_path: Path, ending: str, kept: float) -> None:
    path = write(tmp_path / f"noise.{ending}", np.random.default_rng(2).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    assert "is truncated" in problem(path)


def test_ogg_without_its_last_page_is_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "noise.opus", np.random.default_rng(2).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32))
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS")])
    assert "is truncated" in problem(path)


def test_wav_with_unknown_size_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "piped.wav", tone(length=0.1))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, 0xFFFF_FFFF)
    path.write_bytes(data)
    assert len(heard(FileSource(path))) == round(0.1 * SAMPLE_RATE) + TAIL


def test_damage_in_the_middle_is_reported_with_its_time(tmp_path: Path) -> None:
    path = write(tmp_path / "noise.flac", np.random.default_rng(3).normal(0, 0.1, 4 * SAMPLE_RATE).astype(np.float32))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    path.write_bytes(data)
    assert "is damaged at" in problem(path)


def test_escape_sequences_in_file_names_are_replaced(tmp_path: Path) -> None:
    with pytest.raises(AudioError) as caught:
        FileSource(tmp_path / "\x1b[31mred\nfile.wav")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_open_source_opens_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "tone.wav", tone())
    with open_source(path) as source:
        assert (source.name, source.live) == ("tone.wav", False)
    with open_source(str(path), paced=True) as source:
        assert source.live
