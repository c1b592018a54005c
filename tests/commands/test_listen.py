from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voicetrail.cli import main
from voicetrail.commands.listen import _JsonPrinter, _TextPrinter
from voicetrail.events import SourceLost, WordHeard, WordRejected


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"VOICETRAIL_{name}_DIR", str(tmp_path / name))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that was never trained: enough to run the whole way."""
    import torch

    from voicetrail.spotting.features import FeatureSettings
    from voicetrail.spotting.networks.model import ARCHITECTURES, build_model
    from voicetrail.spotting.weights import WeightsInfo, save_weights

    labels = ("up", "down", "left", "right", "_unknown_", "_background_noise_")
    torch.manual_seed(1)
    architecture = next(iter(ARCHITECTURES))
    features = FeatureSettings()
    model = build_model(architecture, features, len(labels))
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    save_weights(path, model.state_dict(), WeightsInfo(labels, labels, architecture, features))
    return path


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 32_000), 16_000)
    return path


def test_json_lines_match_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    printer = _JsonPrinter()
    printer.show(WordHeard(54_720, "up", 0.97043, None))
    printer.show(WordRejected(64_000, "left", 0.5512, "threshold", 0.1988))
    printer.show(WordRejected(65_000, "down", 0.8, "margin", 0.02, "up"))
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"type": "detection", "time": 3.42, "word": "up", "score": 0.97},
        {"type": "rejection", "time": 4.0, "word": "left", "score": 0.551, "reason": "threshold", "lacking": 0.199},
        {"type": "rejection", "time": 4.062, "word": "down", "score": 0.8, "reason": "margin", "lacking": 0.02, "rival": "up"},
    ]


def test_source_events_are_written_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    for printer in (_JsonPrinter(), _TextPrinter()):
        printer.show(SourceLost(16_000, "the mic\x1b[2J is gone"))
    assert capsys.readouterr() == ("", "    1.000 s  the mic�[2J is gone\n" * 2)


@pytest.mark.parametrize("printer", [_JsonPrinter(), _TextPrinter()])
def test_control_characters_in_a_label_are_escaped(
    printer: _JsonPrinter | _TextPrinter, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in ("\x1b[2J", "\x9b31m", "\u202eup", "\ud800", "\x7f"):
        printer.show(WordHeard(16_000, word, 0.9, None))
        printer.show(WordRejected(16_000, word, 0.5, "margin", 0.1, word))
    assert capsys.readouterr().out.replace("\n", "").isprintable()


def test_text_output(capsys: pytest.CaptureFixture[str]) -> None:
    printer = _TextPrinter()
    printer.show(WordHeard(54_720, "up", 0.97, None))
    printer.show(WordRejected(64_000, "left", 0.55, "threshold", 0.2))
    printer.show(WordRejected(64_000, "left", 0.55, "refractory", 0.2))
    printer.show(WordRejected(64_000, "left", 0.55, "margin", 0.2, "up"))
    printer.show(WordRejected(64_000, "left", 0.55, "muted"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["3.420", "s", "up", "0.97"]
    assert [line.partition(": ")[2] for line in lines[1:]] == [
        "0.20 below its threshold)",
        "0.20 s too soon after the last detection)",
        "too close to up)",
        "not listening)",
    ]


def test_thresholds_apply_and_output_is_deterministic(weights: Path, noise: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def lines(*more: str) -> list[str]:
        assert main(["listen", str(noise), "--json", "--weights", str(weights), *more]) == 0
        return capsys.readouterr().out.splitlines()

    everything = ["--threshold", "0.05", "--refractory", "0", "--smoothing", "0", "--margin", "0"]
    loose = lines(*everything)
    assert any(json.loads(line)["type"] == "detection" for line in loose)
    assert lines(*everything) == loose
    assert all(json.loads(line)["type"] == "rejection" for line in lines("--threshold", "1"))
    heard = {json.loads(line)["word"] for line in loose if json.loads(line)["type"] == "detection"}
    word = heard.pop()
    without = lines(*everything, "--threshold", f"{word}=1")
    assert not any(json.loads(line)["word"] == word for line in without if json.loads(line)["type"] == "detection")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["none.wav"], 1, "there is no file"),
        (["."], 1, "is a folder"),
        (["NOISE", "--weights", "none"], 1, "there are no weights"),
        (["NOISE", "--weights", "WEIGHTS", "--threshold", "frobnicate=0.5"], 2, "threshold for 'frobnicate'"),
        (["NOISE", "--weights", "WEIGHTS", "--threshold", "7"], 2, "threshold"),
        (["NOISE", "--weights", "WEIGHTS", "--gain", "loud"], 2, "gain"),
    ],
)
def test_wrong_input_is_reported_on_one_line(
    arguments: list[str], code: int, text: str, weights: Path, noise: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [{"NOISE": str(noise), "WEIGHTS": str(weights)}.get(each, each) for each in arguments]
    assert main(["listen", *given]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert text in captured.err
