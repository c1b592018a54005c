"""The network as ONNX gives the recognizer's own scores."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tests.spotting.importing.makers import write_model
from voicetrail.audio.file import demo_path, read_whole
from voicetrail.errors import WeightsError
from voicetrail.spotting.exporting.onnx import export_onnx
from voicetrail.spotting.importing import make_weights, plan_labels, read_model
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import load_weights


def imported(folder: Path) -> Path:
    model = read_model(write_model(folder / "m"))
    make_weights(model, plan_labels(model.labels), folder / "m.safetensors")
    return folder / "m.safetensors"


@pytest.mark.parametrize("name", ["directional4w", "18w", "imported"])
def test_onnx_runtime_gives_the_same_scores(tmp_path: Path, name: str) -> None:
    weights: str | Path = imported(tmp_path) if name == "imported" else name
    export_onnx(load_weights(weights), tmp_path / "x.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx")
    recognizer = Recognizer(load_weights(weights))
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["labels"]) == list(recognizer.labels)
    assert json.loads(about["features"])["kind"] == ("browser-fft" if name == "imported" else "log-mel")
    assert about["weights_hash"] == recognizer.hash
    sound, size = read_whole(demo_path()), recognizer.window_samples
    windows = np.stack([sound[at : at + size] for at in range(0, len(sound) - size, 8000)])
    pictures = np.stack([recognizer.spectrogram(window) for window in windows])[:, None]
    (scores,) = session.run(None, {"picture": pictures})
    assert np.abs(scores - recognizer.posteriors(windows)).max() < 1e-4
    assert session.run(None, {"picture": pictures[:1]})[0].shape == (1, len(recognizer.labels))


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(WeightsError, match="-m pip install onnx"):
        export_onnx(load_weights("directional4w"), tmp_path / "x.onnx")
