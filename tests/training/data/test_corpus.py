from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.training.makers import TONES, clips, tone, write_folder, write_sound
from voicetrail.errors import TrainingError
from voicetrail.training.data import heldout, recordings
from voicetrail.training.data.corpus import find_folders, load_corpus
from voicetrail.training.data.recordings import CLIP, Clips, decode, read_clips, read_recordings, word_bounds


class AtHome:
    """In the place of a pool of processes: the tests' few files are decoded where they are."""

    def __enter__(self) -> AtHome:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(lambda function, rows, chunksize: map(function, rows))


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "ProcessPoolExecutor", AtHome)


def names(clips: Clips) -> set[str]:
    return {"/".join(Path(path).parts[-2:]) for path in clips.paths}


def sound_file(path: Path, seconds: float = 0.5, rate: int = 16_000, frequency: float = 440.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    write_sound(path, 0.3 * np.sin(2 * np.pi * frequency * time), rate)
    return path


def test_the_official_layout_is_read_and_its_testing_list_heard_by_nobody(tmp_path: Path) -> None:
    folders = find_folders(write_folder(tmp_path / "official", 6, words=("up", "cat")))
    training, validation = load_corpus(folders, "training"), load_corpus(folders, "validation")
    assert names(training.clips) == {f"{word}/{n:08x}_nohash_0.wav" for word in ("up", "cat") for n in (2, 3, 4, 5)}
    assert names(validation.clips) == {f"{word}/{1:08x}_nohash_0.wav" for word in ("up", "cat")}
    assert set(training.clips.words) == {"up", "cat"}
    # The folder of noise is no word, and of its recordings the evaluation has its own.
    assert (training.noise.names, validation.noise.names) == (
        ("_background_noise_/white_noise",),
        ("_background_noise_/running_tap",),
    )
    assert (len(training.noise.sound), len(validation.noise.sound)) == (6 * CLIP, 7 * CLIP)


@pytest.mark.parametrize("suffix", [".opus", ".flac", ".ogg"])
def test_words_noise_and_negatives_side_by_side_are_read(tmp_path: Path, suffix: str) -> None:
    words = write_folder(tmp_path / "speech_commands", 6, suffix, ("up",))
    for name in ("esc10_1-100032-A-0", "esc10_5-200099-A-10"):
        sound_file(tmp_path / "noise" / f"{name}.flac", 1.0)
    for phrase in ("alexa", "jarvis", "view_glass", "drascula"):
        sound_file(tmp_path / "negatives" / phrase / f"one{suffix}", 1.0)
    folders = find_folders(tmp_path)
    assert folders.commands == words
    training, validation = load_corpus(folders, "training"), load_corpus(folders, "validation")
    assert (len(training.clips), len(validation.clips)) == (4, 1)
    assert set(training.noise.names) == {"noise/esc10_1-100032-A-0", "_background_noise_/white_noise"}
    assert set(validation.noise.names) == {"noise/esc10_5-200099-A-10", "_background_noise_/running_tap"}
    assert (len(training.phrases.names), len(validation.phrases.names)) == (0, 2)
    assert (len(training.dialogue.names), len(validation.dialogue.names)) == (0, 1)
    assert len(training.talk.names) == 1


def test_synthetic_words_are_for_training_alone_and_voices_held_out_for_the_evaluation(tmp_path: Path) -> None:
    data, made = write_folder(tmp_path / "data", 6, words=("up",)), tmp_path / "made"
    for name in ("words/up/a", "neighbors/cup/b", "talk/c", "heldout/neighbors/cup/d", "heldout/talk/e"):
        sound_file(made / f"{name}.flac")
    folders = find_folders(data, synthetic=made)
    training, validation = load_corpus(folders, "training"), load_corpus(folders, "validation")
    assert names(training.synthetic) == {"up/a.flac"}
    assert names(training.neighbors) == {"cup/b.flac"}
    assert training.talk.names == ("talk/c",)
    assert len(validation.synthetic) == 0
    assert names(validation.neighbors) == {"cup/d.flac"}
    assert validation.talk.names == ("talk/e",)
    assert validation.phrases.names == ()


def test_readers_kinds_of_noise_and_rooms_are_held_out_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "speech_commands", 6, words=("up",))
    lines = ["file\tspeaker\tnone_of_18_words\ttranscript"]
    for reader, none in (("121", "yes"), ("121", "no"), ("908", "yes"), ("908", "no"), ("", "yes")):
        path = sound_file(tmp_path / "talk" / "books" / f"{reader}-{none}.flac")
        lines.append(f"{path.relative_to(tmp_path)}\t{reader}\t{none}\tsome words")
    (tmp_path / "talk" / "transcripts.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    for name in ("kitchen20/drawer_1", "kitchen20/plates_1", "blanket/coffee-shop", "noisekun/coffee"):
        sound_file(tmp_path / "noise" / f"{name}.flac")
    for name in ("Surrey_A_az30_ch0", "Surrey_A_az5_ch0"):
        write_sound(tmp_path / f"{name}.wav", np.r_[np.zeros(36), 0.5, 0.1, np.zeros(60)])
        (tmp_path / "rooms").mkdir(exist_ok=True)
        (tmp_path / f"{name}.wav").rename(tmp_path / "rooms" / f"{name}.wav")
    folders = find_folders(tmp_path)
    training, validation = load_corpus(folders, "training"), load_corpus(folders, "validation")
    assert {*training.noise.names} - {"_background_noise_/white_noise"} == {"kitchen20/plates_1", "noisekun/coffee"}
    assert {*validation.noise.names} - {"_background_noise_/running_tap"} == {"kitchen20/drawer_1", "blanket/coffee-shop"}
    # A sentence with one of the eighteen words may be said behind a word, and is no example of speech without.
    assert {*training.talk.names} == {"books/908-yes", "books/-yes"}
    assert {*training.behind.names} == {"books/908-yes", "books/908-no", "books/-yes"}
    assert {*validation.readers.names} == {"books/121-yes", "books/121-no"}
    assert ({*training.rooms}, {*validation.rooms}) == ({"Surrey_A_az5_ch0"}, {"Surrey_A_az30_ch0"})
    assert training.rooms["Surrey_A_az5_ch0"][:2].tolist() == pytest.approx([1.0, 0.2], abs=0.01)


def test_transcripts_that_make_no_sense_are_named(tmp_path: Path) -> None:
    write_folder(tmp_path / "speech_commands", 6, words=("up",))
    (tmp_path / "talk").mkdir()
    (tmp_path / "talk" / "transcripts.tsv").write_text("file\tspeaker\nabc\t121\n", "utf-8")
    with pytest.raises(TrainingError, match=r"transcripts\.tsv, line 2"):
        load_corpus(find_folders(tmp_path), "training")


def test_what_is_held_out_belongs_to_one_half() -> None:
    for kinds in (heldout.NOISE, heldout.ROOMS, heldout.READERS):
        assert {*kinds.values()} == {"choosing", "judging"}
    assert heldout.half_of_noise("kitchen20/drawer_17") == "judging"
    assert heldout.half_of_noise("kitchen20/plates_17") is None
    assert heldout.half_of_noise("esc10/rain_5-1-A") in ("choosing", "judging")


def test_clips_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders, cache = find_folders(write_folder(tmp_path / "data", 6, words=("up",))), tmp_path / "cache"
    first = load_corpus(folders, "training", cache)

    def never(path: Path) -> None:
        raise AssertionError(f"{path} is decoded again")

    monkeypatch.setattr(recordings, "decode", never)
    again = load_corpus(folders, "training", cache)
    np.testing.assert_array_equal(first.clips.sound, again.clips.sound)
    np.testing.assert_array_equal(first.clips.end, again.clips.end)
    np.testing.assert_array_equal(first.noise.sound, again.noise.sound)
    assert first.clips.paths == again.clips.paths


def test_a_changed_file_is_decoded_again(tmp_path: Path) -> None:
    path, cache = sound_file(tmp_path / "up" / "a.wav", 0.5), tmp_path / "cache"
    before = read_clips([path], ["up"], cache)
    sound_file(path, 0.6)
    assert not np.array_equal(read_clips([path], ["up"], cache).sound, before.sound)


def test_other_rates_and_channels_become_16_khz_mono(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    time = np.arange(44_100) / 44_100
    left = 0.5 * np.sin(2 * np.pi * 1000 * time)
    soundfile.write(path, np.stack((left, 0 * left), axis=1), 44_100)
    sound = decode(path).astype(float) / 32767
    assert len(sound) == 16_000
    spectrum = np.abs(np.fft.rfft(sound))
    assert int(spectrum.argmax()) == 1000
    assert np.abs(sound[1000:-1000]).max() == pytest.approx(0.25, abs=0.01)


def test_short_clips_are_followed_by_zeros_and_long_ones_cut(tmp_path: Path) -> None:
    paths = [sound_file(tmp_path / "short.wav", 0.5), sound_file(tmp_path / "long.wav", 2.0)]
    sound = read_clips(paths, ["up", "up"]).sound
    assert sound.shape == (2, CLIP)
    assert not sound[0, 8000:].any()
    assert sound[1, -100:].any()


def test_recordings_in_a_row_know_where_each_begins(tmp_path: Path) -> None:
    paths = [sound_file(tmp_path / "a.wav", 0.5), sound_file(tmp_path / "b.wav", 0.25)]
    found = read_recordings(paths, tmp_path / "cache")
    assert found.begins.tolist() == [0, 8000, 12_000]
    assert found.names == (f"{tmp_path.name}/a", f"{tmp_path.name}/b")
    np.testing.assert_array_equal(found.sound[8000:], decode(paths[1]))


@pytest.mark.parametrize(("begin", "size"), [(3_000, 5_000), (0, 4_000), (11_000, 5_000), (6_000, 2_000)])
def test_a_word_is_found_by_its_energy(begin: int, size: int) -> None:
    for seed, word in enumerate(TONES):
        found = word_bounds(tone(word, np.random.default_rng(seed), begin, size))
        assert begin - 800 <= found[0] <= begin + 160
        assert begin + size - 160 <= found[1] <= min(begin + size + 1120, CLIP)


def test_a_pause_as_of_a_plosive_is_within_the_word_and_a_longer_one_not() -> None:
    rng = np.random.default_rng(0)
    first, tail = tone("up", rng, 3_000, 3_000), tone("down", rng, 7_500, 1_500)
    begin, end = word_bounds(first + tail)
    assert begin < 3_000
    assert end >= 9_000
    far = word_bounds(first + tone("down", rng, 12_000, 1_500))
    assert far[1] < 8_000


def test_silence_is_a_word_from_end_to_end() -> None:
    begin, end = word_bounds(np.zeros(CLIP, dtype=np.float32))
    assert 0 <= begin < end <= CLIP


def test_some_clips_are_picked_with_all_that_belongs_to_them() -> None:
    every = clips(2)
    some = every.pick([3, 0])
    assert some.words == (every.words[3], every.words[0])
    assert some.paths == (every.paths[3], every.paths[0])
    np.testing.assert_array_equal(some.sound, every.sound[[3, 0]])
    np.testing.assert_array_equal(some.begin, every.begin[[3, 0]])
    assert len(every.pick([])) == 0


def refusals(tmp_path: Path) -> Iterable[tuple[str, Path]]:
    empty = tmp_path / "empty"
    empty.mkdir()
    yield "there is no folder", tmp_path / "nowhere"
    yield "no folders of words", empty


def test_folders_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    for message, folder in refusals(tmp_path):
        with pytest.raises(TrainingError, match=message):
            find_folders(folder)
    data = write_folder(tmp_path / "data", 6, words=("up",))
    with pytest.raises(TrainingError, match=r"no folder .*elsewhere"):
        find_folders(data, noise=[tmp_path / "elsewhere"])
    (data / "validation_list.txt").unlink()
    with pytest.raises(TrainingError, match="no clips for validation"):
        load_corpus(find_folders(data), "validation")


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(TrainingError, match=r"broken\.wav cannot be read as sound"):
        decode(path)
