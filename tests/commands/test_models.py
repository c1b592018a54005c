"""`voicetrail import-model` and `export-model`, and what an imported model does in the other commands."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.spotting.importing.makers import small_document, write_model
from voicetrail.cli import main
from voicetrail.spotting.weights import load_weights, read_info

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_model(tmp_path / "mine")


def test_imported_weights_are_named_after_the_folder(folder: Path, capsys: Captured) -> None:
    assert main(["import-model", str(folder), "--map", "links=left"]) == 0
    said = capsys.readouterr().out
    assert "words that move the pen: up, links = left" in said
    assert "voicetrail play --weights mine.safetensors" in said
    info = load_weights("mine.safetensors").info
    assert info.labels == ("_background_noise_", "_unknown_", "up", "links")
    assert info.meanings == {"links": "left"}
    assert stat.S_IMODE(Path("mine.safetensors").stat().st_mode) == 0o644


def test_import_reports_its_result_as_json(folder: Path, capsys: Captured) -> None:
    assert main(["import-model", str(folder / "model.json"), "--out", "x.safetensors", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["weights"] == "x.safetensors"
    assert made["moves"] == {"up": "up"}
    assert made["idle"] == ["links"]


def test_import_asks_for_the_directions_in_a_terminal(folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = io.StringIO("sideways\nLeft\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["import-model", str(folder)]) == 0
    captured = capsys.readouterr()
    assert "links: " in captured.err
    assert "'sideways' is not one of them" in captured.err
    assert read_info(Path("mine.safetensors")).meanings == {"links": "left"}


def test_existing_file_is_replaced_only_with_force(folder: Path, capsys: Captured) -> None:
    Path("mine.safetensors").write_bytes(b"precious")
    assert main(["import-model", str(folder)]) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("mine.safetensors").read_bytes() == b"precious"
    assert main(["import-model", str(folder), "--force"]) == 0
    assert load_weights("mine.safetensors").info.labels


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--map", "links"], 2, "WORD=MEANING"),
        (["--map", "links=left,links=right"], 2, "two meanings"),
        (["--map", "nothing=left"], 2, "no label 'nothing'"),
        (["--out", "x.bin"], 2, "must end in .safetensors"),
        (["--metadata", "none.json"], 1, "cannot be read"),
    ],
)
def test_wrong_usage_is_one_line(folder: Path, capsys: Captured, arguments: list[str], code: int, said: str) -> None:
    assert main(["import-model", str(folder), *arguments]) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not list(Path().glob("*.safetensors"))


def test_failed_import_leaves_no_files(folder: Path, capsys: Captured) -> None:
    document = small_document()
    document["modelTopology"]["config"]["layers"][1]["class_name"] = "LSTM\x1b[2J"
    (folder / "model.json").write_text(json.dumps(document))
    assert main(["import-model", str(folder)]) == 1
    err = capsys.readouterr().err
    assert "is not supported; the supported layers are Conv2D" in err
    assert "\x1b" not in err
    assert not list(Path().glob("*.safetensors"))
    assert main(["import-model", "nowhere"]) == 1


@pytest.fixture
def sound(folder: Path) -> Path:
    noise = np.random.default_rng(0).standard_normal(44_100).astype(np.float32) * 0.1
    soundfile.write("noise.wav", noise, 44_100)
    return Path("noise.wav")


def test_an_imported_model_listens_and_classifies(folder: Path, sound: Path, capsys: Captured) -> None:
    assert main(["import-model", str(folder), "--map", "links=left"]) == 0
    capsys.readouterr()
    assert main(["classify", str(sound), "--weights", "mine.safetensors", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert list(scores) == ["_background_noise_", "_unknown_", "up", "links"]
    assert sum(scores.values()) == pytest.approx(1, abs=0.01)
    given = ["--weights", "mine.safetensors", "--threshold", "0.05", "--threshold", "links=0.06", "--margin", "0"]
    assert main(["listen", str(sound), "--json", *given]) == 0
    words = {json.loads(line)["word"] for line in capsys.readouterr().out.splitlines()}
    assert words <= {"up", "links"}
    assert words


def test_exported_weights_can_be_imported_again(folder: Path, capsys: Captured) -> None:
    assert main(["import-model", str(folder)]) == 0
    assert main(["export-model", "mine.safetensors", "--format", "tfjs"]) == 0
    assert main(["import-model", "mine-tfjs", "--out", "back.safetensors"]) == 0
    first, second = load_weights("mine.safetensors"), load_weights("back.safetensors")
    assert first.info.classes == second.info.classes
    one, two = first.model.state_dict(), second.model.state_dict()
    assert all((one[name] == two[name]).all() for name in one)
    assert main(["export-model", "mine.safetensors"]) == 0
    assert Path("mine.onnx").stat().st_size > 1000
    capsys.readouterr()
    assert main(["export-model", "mine.safetensors"]) == 2
    assert main(["export-model", "directional4w", "--format", "tfjs"]) == 1
    assert "browser's features" in capsys.readouterr().err
