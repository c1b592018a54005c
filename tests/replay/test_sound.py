"""The sound beside a replay: whole at any moment, and found again by the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tools.attack import kills
from voicetrail.errors import ReplayError
from voicetrail.replay.file.format import Header
from voicetrail.replay.file.sound import SoundReader, SoundWriter, read_sound
from voicetrail.replay.file.writer import Sound, TrailWriter

NOISE = np.random.default_rng(3).normal(0, 0.2, 16_000 * 5).astype(np.float32).clip(-1, 1)


def test_file_is_complete_after_every_flush(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.flac", tmp_path / "b.flac"
    writer = SoundWriter(path)
    assert not path.exists(), "before there is sound there is no file"
    worst = 0
    for hop in range(120):
        writer.write(NOISE[hop * 640 : hop * 640 + 640])
        writer.flush()
        if path.exists():
            # As a killed program would leave it.
            copy.write_bytes(path.read_bytes())
            samples, _ = soundfile.read(copy, dtype="float32")
            assert len(samples) == soundfile.info(copy).frames > 0
            assert np.allclose(samples, NOISE[: len(samples)], atol=1 / 32_000)
            worst = max(worst, writer.position - len(samples))
    assert worst <= 1152
    writer.close()
    assert np.allclose(read_sound(path), NOISE[: 120 * 640], atol=1 / 32_000)


def test_a_recording_without_sound_leaves_no_sound_file(tmp_path: Path) -> None:
    writer = TrailWriter(tmp_path / "a.trail", Header(), sound=tmp_path / "a.flac")
    writer.close()
    assert writer.problem == ""
    assert [one.name for one in tmp_path.iterdir()] == ["a.trail"]


def test_file_created_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    writer = TrailWriter(tmp_path / "a.trail", Header(), sound=tmp_path / "a.flac")
    (tmp_path / "a.flac").write_text("precious")
    for hop in range(1, 20):
        writer.put(Sound(hop * 40, hop * 640, NOISE[:640], True))
    writer.close()
    assert (tmp_path / "a.flac").read_text() == "precious"


def test_sound_is_found_by_the_time(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", NOISE, 16_000, "PCM_16")
    reader = SoundReader(tmp_path / "a.flac")
    assert np.allclose(reader.before(2500), NOISE[24_000:40_000], atol=1 / 32_000)
    assert np.allclose(reader.before(2500, 400), NOISE[39_600:40_000], atol=1 / 32_000)
    early, late = reader.before(250), reader.before(5500)
    assert not early[:12_000].any()
    assert np.allclose(early[12_000:], NOISE[:4000], atol=1 / 32_000)
    assert np.allclose(late[:8000], NOISE[-8000:], atol=1 / 32_000)
    assert not late[8000:].any()
    assert not reader.before(1_000_000).any()
    reader.close()


def test_invalid_sound_gives_a_message(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(b"junk")
    with pytest.raises(ReplayError, match="cannot read the sound"):
        SoundReader(tmp_path / "a.flac")
    soundfile.write(tmp_path / "b.flac", NOISE, 44_100)
    with pytest.raises(ReplayError, match="16000 Hz"):
        SoundReader(tmp_path / "b.flac")


@pytest.mark.e2e
def test_kill_loses_at_most_one_second() -> None:
    """A slice of the attack; `python -m tools.attack.kills` has two hundred."""
    outcome = kills.run(40, seed=7)
    assert outcome.failures == []
    assert outcome.kills == 40
