from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.makers import corpus
from voicetrail.spotting.networks.model import ARCHITECTURES, build_model
from voicetrail.spotting.weights import WeightsInfo, save_weights
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.evaluate.compare import comparison, figures
from voicetrail.training.evaluate.evaluation import Streams
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN

pytestmark = pytest.mark.e2e
"""Whole streams are composed and measured: seconds of work for one test."""

STREAMS = Streams(30.0, ("clean", "words", "noise"), 3.0)


def write(folder: Path, architecture: str) -> Path:
    """Weights of a network that knows nothing."""
    folder.mkdir()
    labels = (*DIRECTIONS, UNKNOWN, NOISE)
    features = ARCHITECTURES[architecture].features
    model = build_model(architecture, features, len(labels))
    save_weights(folder / "directional4w.safetensors", model.state_dict(), WeightsInfo(labels, labels, architecture, features))
    return folder / "directional4w.safetensors"


def test_what_was_measured_is_kept_until_weights_or_streams_change(tmp_path: Path) -> None:
    loads: list[int] = []

    def made() -> Corpus:
        loads.append(1)
        return corpus()

    path = write(tmp_path / "small", "cnn-one-fstride4")
    found = figures(path, made, tmp_path / "out", STREAMS)
    assert list(found["streams"]) == ["clean"]
    assert found["negatives"]["words"]["hours"] == pytest.approx(3 / 3600), "no longer than was asked for"
    assert figures(path, made, tmp_path / "out", STREAMS) == json.loads(json.dumps(found))
    assert loads == [1]
    figures(path, made, tmp_path / "out", Streams(31.0, STREAMS.names, STREAMS.longest_s))
    assert loads == [1, 1]
    path.write_bytes(write(tmp_path / "other", "ds-cnn").read_bytes())
    assert figures(path, made, tmp_path / "out", STREAMS)["architecture"] == "ds-cnn"


def test_the_table_has_a_column_for_each(tmp_path: Path) -> None:
    paths = [write(tmp_path / name, name) for name in ("cnn-one-fstride4", "browser-fft")]
    written = comparison([figures(path, corpus, tmp_path / "out", STREAMS) for path in paths])
    rows = {line.split(" | ")[0].strip("| "): line for line in written.splitlines()}
    assert written.startswith("|  | `cnn-one-fstride4` | `browser-fft` |")
    assert rows["clean"].count("%") == 2
    assert "noise, 0 min: false moves an hour" in rows
