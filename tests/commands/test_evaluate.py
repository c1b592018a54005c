from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.makers import clips, corpus, recording, write_folder
from voicetrail.cli import main
from voicetrail.spotting.weights import load_weights
from voicetrail.training.evaluate.evaluation import Streams, evaluate, noise_accepted, score_clips


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "words", 6)


def arguments(data: Path, tmp_path: Path, *more: str) -> list[str]:
    return ["evaluate", "directional4w", "--data", str(data), "--cache", str(tmp_path / "cache"), *more]


def test_the_figures_are_printed_as_json(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(data, tmp_path, "--json")) == 0
    logged = capsys.readouterr()
    found = json.loads(logged.out)
    assert found["weights"] == "directional4w"
    assert found["parameters"] <= 300_000
    assert set(found["clips"]["by_word"]) == {"up", "down", "left", "right"}
    assert 0 <= found["clips"]["recall_at_1_percent_false_accepts"] <= 1
    assert found["hop_ms"] > 0
    assert found["streams"] == found["negatives"] == {}
    assert logged.err == "clips\n"


def test_report_is_written_in_addition_to_the_tables(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the report's plots need matplotlib")
    assert main(arguments(data, tmp_path, "--report", str(tmp_path / "report"))) == 0
    logged = capsys.readouterr()
    assert "| mean |" in logged.out
    assert f"report: {tmp_path / 'report' / 'report.md'}" in logged.err
    assert (tmp_path / "report" / "det.svg").exists()


@pytest.mark.parametrize("seconds", ["1", "nan", "1e9"])
def test_lengths_out_of_range_are_usage_errors(
    data: Path, tmp_path: Path, seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(data, tmp_path, "--seconds", seconds)) == 2
    assert "--seconds must be between" in capsys.readouterr().err


def test_missing_folder_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(tmp_path / "nowhere", tmp_path)) == 1
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.e2e
def test_streams_are_measured_in_every_condition() -> None:
    few = clips(2, words=("up", "cat"))
    small = replace(corpus(4, words=("up", "left", "cat")), neighbors=few, noise=recording(4))
    logged: list[str] = []
    report = evaluate(load_weights("directional4w"), small, streams=Streams(seconds=4), log=logged.append)
    assert list(report.conditions)[:5] == ["clean", "20 dB", "10 dB", "5 dB", "0 dB"]
    assert set(report.conditions) >= {"cut close", "crowded", "rapid", "same word", "room, 0.5 s", "telephone", "quiet", "hum"}
    assert set(report.negatives) == {"words", "neighbors", "fluent", "noise"}
    assert all(report.conditions[name].seconds == 4.0 for name in ("clean", "0 dB", "telephone"))
    assert report.conditions["clean"].spoken == report.conditions["5 dB"].spoken != {}
    assert all(not metrics.spoken for metrics in report.negatives.values())
    assert logged[0] == "clips"


class NoiseRecognizer:
    """Takes every second noise for *up*."""

    labels = ("up", "_background_noise_")

    def __init__(self) -> None:
        self.unfiltered_detector = load_weights("directional4w").info.without_filter().detector

    def posteriors(
        self, windows: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        first = np.arange(len(windows)) % 2
        return np.stack((first, 1 - first), axis=1).astype(np.float32)


def test_noise_is_measured_in_seconds() -> None:
    noisy = replace(corpus(2), noise=recording(21))
    recognizer = NoiseRecognizer()
    assert noise_accepted(recognizer, noisy, ["up"]) == 0.5  # type: ignore[arg-type]  # all that it needs of a recognizer
    assert noise_accepted(recognizer, noisy, []) == 0.0  # type: ignore[arg-type]
    assert noise_accepted(recognizer, replace(noisy, noise=recording(0)), ["up"]) == 0.0  # type: ignore[arg-type]
    scores, truth = score_clips(recognizer, noisy)  # type: ignore[arg-type]
    assert scores.shape == (20, 2)
    assert truth == [*noisy.clips.words, *["_background_noise_"] * 10]
