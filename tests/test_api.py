"""The recognizer as a programmer has it: the shipped weights, on the bundled voice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch

import voicetrail
from tests.spotting.filters import load_filtered, own_score_filter
from voicetrail import Result, SpeechCommands
from voicetrail.audio.file import demo_path
from voicetrail.errors import AudioError, UsageError, WeightsError
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.vocabulary import DIRECTIONS

Sound = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def recognizer() -> SpeechCommands:
    return voicetrail.create()


@pytest.fixture(scope="module")
def speech() -> Sound:
    """The first words of the bundled voice."""
    sound, _ = soundfile.read(demo_path(), frames=4 * 16_000, dtype="float32")
    return np.asarray(sound, dtype=np.float32)


@pytest.fixture(scope="module")
def spoken(recognizer: SpeechCommands, speech: Sound) -> list[Result]:
    """What is heard in it, with everything left to the weights."""
    return listen(recognizer, [speech])


def listen(recognizer: SpeechCommands, source: object, **options: object) -> list[Result]:
    results: list[Result] = []
    recognizer.listen(results.append, source=source, **options)  # type: ignore[arg-type]
    assert recognizer.wait(60)
    return results


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, voicetrail; voicetrail.__version__; sys.exit(any(name in sys.modules for name in ('torch', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_package_exports_only_its_api() -> None:
    with pytest.raises(AttributeError, match="no attribute 'listen_to'"):
        _ = voicetrail.listen_to


def test_labels_are_vocabulary_then_unknown_then_noise(recognizer: SpeechCommands) -> None:
    assert recognizer.word_labels == (*DIRECTIONS, "_unknown_", "_background_noise_")


def test_unknown_vocabulary_or_weights_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no vocabulary '5w'; there are directional4w, 18w"):
        voicetrail.create("5w")
    with pytest.raises(UsageError, match="do not know eight, five"):
        voicetrail.create("18w", weights="directional4w")
    with pytest.raises(WeightsError, match="no weights file"):
        voicetrail.create(weights=Path("nowhere.safetensors"))


def test_a_word_in_the_middle_of_silence_is_recognized(recognizer: SpeechCommands, speech: Sound, spoken: list[Result]) -> None:
    first = spoken[0]
    end = round(first.time * 16_000)
    around = np.concatenate((np.zeros(8_000, dtype=np.float32), speech[max(0, end - 14_000) : end + 2_000], np.zeros(8_000)))
    result = recognizer.recognize(around, include_spectrogram=True, include_embedding=True)
    assert result.word == first.word
    assert result.scores[result.word] == result.score == max(result.scores.values())
    assert tuple(result.scores) == recognizer.word_labels
    assert sum(result.scores.values()) == pytest.approx(1.0, abs=1e-4)
    assert result.time == 0.0
    assert result.spectrogram is not None
    assert result.spectrogram.shape == (40, 97)
    assert result.embedding is not None
    assert result.embedding.ndim == 1
    plain = recognizer.recognize(around)
    assert plain.spectrogram is None
    assert plain.embedding is None


def test_waveform_accepts_any_number_type(recognizer: SpeechCommands) -> None:
    assert recognizer.recognize([0.0] * 100).word == "_background_noise_"
    assert recognizer.recognize(np.zeros(40_000, dtype=np.float64)).word == "_background_noise_"


@pytest.mark.parametrize("waveform", [[], [[0.0, 0.1]], 0.5, [0.0, float("nan")], [float("inf")]], ids=str)
def test_invalid_waveforms_are_refused(recognizer: SpeechCommands, waveform: npt.ArrayLike) -> None:
    with pytest.raises(UsageError, match="one row of finite samples"):
        recognizer.recognize(waveform)


def test_blocks_of_any_size_are_listened_to(recognizer: SpeechCommands, speech: Sound, spoken: list[Result]) -> None:
    def blocks() -> Iterator[Sound]:
        for size in (1, 7_777, 320, 0, 16_001):
            yield speech[sum(given) : sum(given) + size]
            given.append(size)
        yield speech[sum(given) :]

    given: list[int] = []
    assert len(spoken) >= 2
    assert {result.word for result in spoken} <= {*DIRECTIONS}
    assert [(r.time, r.word, r.score) for r in listen(recognizer, blocks())] == [(r.time, r.word, r.score) for r in spoken]


def test_file_and_samples_give_the_same_result(
    recognizer: SpeechCommands, speech: Sound, spoken: list[Result], tmp_path: Path
) -> None:
    path = tmp_path / "words.wav"
    soundfile.write(path, speech, 16_000, subtype="FLOAT")
    assert [(r.time, r.word) for r in listen(recognizer, path)] == [(r.time, r.word) for r in spoken]


def test_own_threshold_applies_to_every_word(recognizer: SpeechCommands, speech: Sound, spoken: list[Result]) -> None:
    assert listen(recognizer, [speech], probability_threshold=1.0, overlap_factor=0.9) == []
    bold = listen(recognizer, [speech], probability_threshold=0.2, overlap_factor=0.9)
    assert {result.word for result in bold} >= {result.word for result in spoken}
    assert 0.2 <= min(result.score for result in bold) < 1.0


def test_a_score_filter_is_used_at_its_own_hop_only(speech: Sound, spoken: list[Result]) -> None:
    nothing = own_score_filter(0.0, bias=-5.0)
    filtered = SpeechCommands(Recognizer(load_filtered(nothing)))
    assert listen(filtered, [speech]) == []
    assert {result.word for result in listen(filtered, [speech], overlap_factor=0.9)} == {result.word for result in spoken}
    # What a clip is, and what every window is, do not depend on it.
    assert filtered.recognize(speech).word in {result.word for result in spoken}
    every = listen(filtered, [speech], invoke_on_noise_and_unknown=True)
    assert all(result.score == result.scores[result.word] for result in every)
    assert {result.word for result in every} >= {result.word for result in spoken}


def test_word_is_suppressed_after_its_detection(recognizer: SpeechCommands, speech: Sound) -> None:
    def heard(seconds: float) -> list[str]:
        return [result.word for result in listen(recognizer, [speech, speech], suppression_time=seconds, overlap_factor=0.9)]

    often, once = heard(0.5), heard(60.0)
    assert len(often) > len(set(often))
    assert sorted(once) == sorted(set(often))


def test_with_noise_and_unknown_every_window_is_reported(recognizer: SpeechCommands, speech: Sound) -> None:
    results = listen(
        recognizer,
        [speech[: 2 * 16_000]],
        invoke_on_noise_and_unknown=True,
        overlap_factor=0.75,
        include_spectrogram=True,
        include_embedding=True,
    )
    assert [result.time for result in results] == [0.25 * (n + 1) for n in range(8)]
    assert "_background_noise_" in {result.word for result in results}
    for result in results:
        assert result.word == max(result.scores, key=lambda label: result.scores[label])
        assert result.spectrogram is not None
        assert result.embedding is not None
    # Each picture is of its own window.
    assert not np.array_equal(np.asarray(results[0].spectrogram), np.asarray(results[-1].spectrogram))


@pytest.mark.parametrize(
    "options",
    [
        {"probability_threshold": -0.1},
        {"probability_threshold": 1.1},
        {"overlap_factor": 1.0},
        {"overlap_factor": -0.5},
        {"suppression_time": -1},
        {"probability_threshold": float("nan")},
        {"overlap_factor": float("nan")},
        {"suppression_time": float("nan")},
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(recognizer: SpeechCommands, options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        recognizer.listen(print, source=[], **options)  # type: ignore[arg-type]
    assert not recognizer.is_listening


def endless() -> Iterator[Sound]:
    while True:
        yield np.zeros(1_600, dtype=np.float32)


def test_listening_can_be_stopped_and_restarted(recognizer: SpeechCommands, speech: Sound) -> None:
    called = threading.Event()
    recognizer.listen(lambda _: called.set(), source=endless(), invoke_on_noise_and_unknown=True)
    assert called.wait(30)
    assert recognizer.is_listening
    with pytest.raises(UsageError, match="already listening"):
        recognizer.listen(print, source=[])
    recognizer.stop_listening()
    assert recognizer.wait(0)
    assert listen(recognizer, [speech], overlap_factor=0.9)


def test_callback_can_stop_listening(recognizer: SpeechCommands) -> None:
    results: list[Result] = []

    def enough(result: Result) -> None:
        results.append(result)
        if len(results) == 3:
            recognizer.stop_listening()

    recognizer.listen(enough, source=endless(), invoke_on_noise_and_unknown=True)
    assert recognizer.wait(30)
    assert len(results) == 3


def test_wait_raises_the_callbacks_error_once(recognizer: SpeechCommands) -> None:
    def fail(_: Result) -> None:
        raise ZeroDivisionError("in the callback")

    recognizer.listen(fail, source=endless(), invoke_on_noise_and_unknown=True)
    with pytest.raises(ZeroDivisionError, match="in the callback"):
        recognizer.wait(30)
    assert isinstance(recognizer.error, ZeroDivisionError)
    assert recognizer.wait(0)
    assert listen(recognizer, []) == []


def test_with_statement_stops_listening(recognizer: SpeechCommands) -> None:
    with recognizer as listening:
        assert listening is recognizer
        listening.listen(print, source=endless())
        assert listening.is_listening
    assert not recognizer.is_listening


def test_16_bit_samples_give_the_same_result(recognizer: SpeechCommands, speech: Sound) -> None:
    whole = np.round(speech * 32767).astype(np.int16)
    assert recognizer.recognize(whole).scores == recognizer.recognize(whole / 32768).scores
    assert [r.time for r in listen(recognizer, [whole])] == [r.time for r in listen(recognizer, [whole / np.float32(32768)])]


@pytest.mark.parametrize(
    ("waveform", "says"),
    [
        (np.full(100, 3, dtype=np.int32), "this is of type int32"),
        (np.full(100, 200, dtype=np.uint8), "this is of type uint8"),
        (np.full(100, 12_000.0), "divide 16-bit numbers by 32768"),
        (np.zeros((2, 100)), "take one channel"),
        ([[1.0], [1.0, 2.0]], "not a row of numbers"),
        (["a"], "this is of type <U1"),
    ],
)
def test_unsupported_sample_types_are_refused_with_a_message(recognizer: SpeechCommands, waveform: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        recognizer.recognize(waveform)  # type: ignore[arg-type]


def test_number_of_torch_threads_is_unchanged() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with voicetrail.create():
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_the_package_lists_its_api() -> None:
    assert dir(voicetrail) == [
        "Result",
        "SpeechCommands",
        "Transfer",
        "__version__",
        "create",
        "create_transfer",
        "delete_saved",
        "list_saved",
    ]
    assert Path(voicetrail.__file__).with_name("py.typed").exists()


def test_invalid_blocks_end_listening_with_a_message(recognizer: SpeechCommands) -> None:
    recognizer.listen(print, source=[np.zeros(100), np.zeros((2, 100))])
    with pytest.raises(UsageError, match="each block must be one row"):
        recognizer.wait(30)
    assert listen(recognizer, []) == []  # the error is of that time alone


def test_unopenable_source_raises_at_once(recognizer: SpeechCommands) -> None:
    with pytest.raises(AudioError):
        recognizer.listen(print, source="nowhere.wav")
    assert not recognizer.is_listening
