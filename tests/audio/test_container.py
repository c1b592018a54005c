"""Sound files that other programs play: without sizes, joined, of formats that cannot seek."""

from __future__ import annotations

import itertools
import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.test_file import FORMATS, heard, tone, write
from voicetrail.audio.decoding.container import Part, PartReader, parts_of
from voicetrail.audio.decoding.stream import StreamDecoder
from voicetrail.audio.file import TAIL, FileSource
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE

Sound = npt.NDArray[np.float32]


def wav(sound: Sound, *, riff_size: int | None = None, data_size: int | None = None, subtype: str = "PCM_16") -> bytes:
    """A WAV file, with other sizes in its header than those that are true."""
    import io

    stream = io.BytesIO()
    soundfile.write(stream, sound, SAMPLE_RATE, format="WAV", subtype=subtype)
    data = bytearray(stream.getvalue())
    if riff_size is not None:
        struct.pack_into("<I", data, 4, riff_size)
    if data_size is not None:
        struct.pack_into("<I", data, data.index(b"data") + 4, data_size)
    return bytes(data)


def samples_in(path: Path) -> int:
    return len(heard(FileSource(path))) - TAIL


@pytest.mark.parametrize("sizes", [(0, 0), (36, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFF024, 0x7FFFF000), (0, 0xFFFFFFFF)])
def test_wav_of_a_killed_recorder_is_read_completely(tmp_path: Path, sizes: tuple[int, int]) -> None:
    path = tmp_path / "killed.wav"
    path.write_bytes(wav(tone(), riff_size=sizes[0], data_size=sizes[1]))
    np.testing.assert_allclose(heard(FileSource(path))[:SAMPLE_RATE], tone(), atol=1 / 32_000)


def test_empty_wav_gives_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    data = wav(np.zeros(0, dtype=np.float32))
    path.write_bytes(data + b"LIST\x04\x00\x00\x00INFO")
    struct.pack_into("<I", changed := bytearray(path.read_bytes()), 4, len(data) + 12 - 8)
    path.write_bytes(changed)
    with pytest.raises(AudioError, match="contains no sound"):
        FileSource(path)


@pytest.mark.parametrize("ending", FORMATS)
def test_joined_files_are_decoded_in_sequence(tmp_path: Path, ending: str) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    one = write(tmp_path / f"one.{ending}", sound)
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(one.read_bytes() * 3)
    assert samples_in(joined) == 3 * samples_in(one)
    joined.write_bytes(one.read_bytes() + one.read_bytes()[: one.stat().st_size // 2])
    if ending != "flac":  # its first part says nothing of a second
        with pytest.raises(AudioError, match="truncated"):
            FileSource(joined)


def test_joined_wavs_of_two_rates_without_sizes_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    path.write_bytes(wav(tone(length=0.5), riff_size=0, data_size=0) + wav(tone(length=0.25)))
    assert samples_in(path) == round(0.75 * SAMPLE_RATE)
    soundfile.write(tmp_path / "slow.wav", tone(8_000, 1.0), 8_000)
    path.write_bytes(wav(tone(length=0.5)) + (tmp_path / "slow.wav").read_bytes())
    assert samples_in(path) == pytest.approx(1.5 * SAMPLE_RATE, abs=4)


def test_flac_without_a_sample_count_is_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "piped.flac", tone(length=2.0))
    data = bytearray(path.read_bytes())
    # The count is the last 36 bits of the ten bytes at 18 (RFC 9639, section 8.2).
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    source = FileSource(path)
    assert source.duration is None
    np.testing.assert_allclose(heard(source)[: 2 * SAMPLE_RATE], tone(length=2.0), atol=1 / 32_000)


def test_gsm_without_seeking_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "phone.wav"
    soundfile.write(path, tone(8_000, 2.0), 8_000, format="WAV", subtype="GSM610")
    sound = heard(FileSource(path))
    assert len(sound) - TAIL == pytest.approx(2 * SAMPLE_RATE, abs=700)
    assert np.sqrt(np.mean(sound[8_000:24_000] ** 2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("channels", [1, 2])
def test_ima_adpcm_matches_the_reference_decoder(tmp_path: Path, channels: int) -> None:
    path, decoded = tmp_path / "old.wav", tmp_path / "decoded.wav"
    source = write(tmp_path / "new.wav", np.stack([tone(length=2.0)] * channels, axis=1))
    try:
        for given, codec, made in ((source, "adpcm_ima_wav", path), (path, "pcm_s16le", decoded)):
            subprocess.run(["ffmpeg", "-loglevel", "error", "-i", given, "-c:a", codec, made], check=True, timeout=20)
    except FileNotFoundError:
        pytest.skip("no ffmpeg to compare with")
    theirs, _ = soundfile.read(decoded, dtype="float32", always_2d=True)
    ours = heard(FileSource(path))[: len(theirs)]
    np.testing.assert_allclose(ours, theirs.mean(axis=1), atol=1 / 32_000)


def test_ima_adpcm_approximates_the_original(tmp_path: Path) -> None:
    path = tmp_path / "old.wav"
    soundfile.write(path, tone(), SAMPLE_RATE, format="WAV", subtype="IMA_ADPCM")
    sound = heard(FileSource(path))
    assert np.sqrt(np.mean((sound[1000:15_000] - tone()[1000:15_000]) ** 2)) < 0.02


@pytest.mark.parametrize(("full_scale", "bits"), [(37_048.0, 16), (2.0**23, 24), (2.0**31, 32)])
def test_unscaled_floats_are_scaled_with_a_note(tmp_path: Path, full_scale: float, bits: int) -> None:
    path = tmp_path / "floats.wav"
    soundfile.write(path, tone() / 0.4 * full_scale, SAMPLE_RATE, subtype="DOUBLE")
    source = FileSource(path)
    assert source.notice is not None
    assert f"contains {bits}-bit samples as floats" in source.notice
    sound = heard(source)
    assert 0.9 < np.max(np.abs(sound)) <= 1.0
    soundfile.write(path, tone() * 5, SAMPLE_RATE, subtype="FLOAT")
    assert FileSource(path).notice is None, "too loud is something else"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"RIFF", b"OggS", b"fLaC\x00\x00\x00\x22", b"ID3", b"\xff\xfb"]))
def test_parts_of_arbitrary_bytes_stay_within_the_file(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, magic: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(magic + rest + b"x")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        parts = parts_of(descriptor)
    finally:
        os.close(descriptor)
    size = len(magic) + len(rest) + 1
    assert parts
    assert all(0 <= part.start <= part.end <= size for part in parts)
    assert all(before.end <= after.start for before, after in itertools.pairwise(parts))


def test_part_of_a_file_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    descriptor = os.open(path, os.O_RDONLY)
    reader = PartReader(descriptor, Part(2, 8, ((1, b"ab"),)))
    assert reader.read() == b"2ab567"
    assert reader.seek(-2, os.SEEK_END) == 4
    assert reader.read(9) == b"67"
    assert reader.read(1) == b""
    reader.seek(2)
    assert reader.read(1) == b"b"
    os.close(descriptor)


@pytest.mark.parametrize("step", [1, 700, 10**6])
@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "raw", "joined", "IMA_ADPCM", "flac", "ogg", "mp3"]
)
def test_first_bytes_of_a_pipe_select_the_decoder(tmp_path: Path, subtype: str, step: int) -> None:
    original = tone(length=1.0)
    if subtype == "raw":
        data = (original * 32768).astype("<i2").tobytes()
    elif subtype in FORMATS:
        data = write(tmp_path / f"x.{subtype}", original).read_bytes()
    elif subtype == "joined":
        data = wav(original[: SAMPLE_RATE // 2]) + wav(original[SAMPLE_RATE // 2 :])
    else:
        data = wav(original, subtype=subtype)
    if step == 1:
        data = data[:3000]  # byte by byte is slow, and the header is what matters
    decoder = StreamDecoder("pipe")
    sound = [decoder.feed(data[at : at + step]) for at in range(0, len(data), step)]
    try:
        sound += decoder.finish()
    except AudioError:
        assert step == 1  # it was cut
        return
    out = np.concatenate(sound)
    count = min(len(out), len(original))
    assert count > 300
    loose = subtype in ("ogg", "mp3", "IMA_ADPCM")
    if subtype != "mp3":  # which begins with a delay
        np.testing.assert_allclose(out[100:count], original[100:count], atol=0.15 if loose else 1 / 100)


@pytest.mark.parametrize("data_size", [None, 0, 0xFFFFFFFF])
def test_wav_through_a_pipe_is_streamed(data_size: int | None) -> None:
    data = wav(tone(), data_size=data_size)
    decoder = StreamDecoder("pipe")
    assert len(decoder.feed(data[: len(data) // 2])) > 7000


def test_damaged_file_through_a_pipe_raises(tmp_path: Path) -> None:
    data = write(tmp_path / "x.ogg", tone()).read_bytes()
    decoder = StreamDecoder("pipe")
    decoder.feed(data[: len(data) // 2])
    with pytest.raises(AudioError, match="pipe is truncated"):
        list(decoder.finish())


@pytest.mark.parametrize("first", [-1, -1281, 0, 32767])
def test_raw_samples_are_not_detected_as_mp3(first: int) -> None:
    sound = np.random.default_rng(1).integers(-3000, 3000, 4000).astype("<i2")
    sound[0] = first
    decoder = StreamDecoder("pipe")
    assert len(decoder.feed(sound.tobytes())) == 4000
