"""Held against the real thing: TensorFlow.js and its speech-commands package, run in Node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.spotting.importing.node import floats, need_node, run_jobs
from tests.training.makers import clips, corpus
from voicetrail.spotting.browser_fft import BrowserFft, BrowserFftSettings
from voicetrail.spotting.exporting.tfjs import export_tfjs
from voicetrail.spotting.importing import make_weights, plan_labels, read_model
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import WeightsInfo, load_weights, save_weights
from voicetrail.training.fit import compose
from voicetrail.training.fit.compose import Composer
from voicetrail.training.fit.train import GROUP, Schedule, Trainer
from voicetrail.vocabulary import NOISE, UNKNOWN

pytestmark = [pytest.mark.tfjs, pytest.mark.timeout(300)]

WORDS = [NOISE, UNKNOWN, "up", "down", "left", "right"]
OWN_WORDS = [NOISE, "links", "rechts"]
PATCHES = 100
CLOSE = 1e-4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the real library makes: models with their scores for the same hundred patches."""
    need_node()
    folder = tmp_path_factory.mktemp("tfjs")
    rng = np.random.default_rng(1)
    rng.standard_normal((PATCHES, 43, 232)).astype("<f4").tofile(folder / "patches.f32")
    # Speech-like: from loud to all but silent, with a steady tone.
    time = np.arange(2048 + 42 * 1024) / 44_100
    sound = rng.standard_normal(len(time)) * 0.2 * np.sin(2 * np.pi * 3 * time) ** 4 + 0.02 * np.sin(2 * np.pi * 300 * time)
    sound.astype("<f4").tofile(folder / "sound.f32")

    def predict(name: str) -> dict[str, object]:
        return {"op": "predict", "model": folder / name, "patches": folder / "patches.f32", "scores": folder / f"{name}.f32"}

    def quantize(dtype: str) -> list[dict[str, object]]:
        return [{"op": "quantise", "from": folder / "same", "dtype": dtype, "out": folder / dtype}, predict(dtype)]

    run_jobs(
        folder,
        {"op": "make", "kind": "base", "seed": 1, "words": WORDS, "out": folder / "base"},
        predict("base"),
        {"op": "make", "kind": "same", "seed": 2, "words": WORDS, "out": folder / "same"},
        predict("same"),
        *(job for dtype in ("uint8", "uint16", "float16") for job in quantize(dtype)),
        {"op": "transfer", "base": folder / "base", "words": OWN_WORDS, "seed": 3, "out": folder / "transfer"}
        | {"patches": folder / "patches.f32", "scores": folder / "transfer.f32"},
        {"op": "features", "sound": folder / "sound.f32", "decibels": folder / "decibels.f32", "patch": folder / "patch.f32"},
    )
    return folder


def import_model(folder: Path, name: str) -> Path:
    model = read_model(folder / name)
    path = folder / f"{name}.safetensors"
    make_weights(model, plan_labels(model.labels, {"links": "left"} if "links" in model.labels else None), path)
    return path


def our_scores(weights: Path, patches: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What the imported network gives for patches ``[patches, frames, bins]``."""
    model = load_weights(weights).model.eval()
    with torch.inference_mode():
        scores: npt.NDArray[np.float32] = torch.softmax(model(torch.from_numpy(patches)[:, None].transpose(2, 3)), 1).numpy()
    return scores


@pytest.mark.parametrize("name", ["base", "same", "transfer", "uint8", "uint16", "float16"])
def test_imported_network_gives_the_scores_of_tensorflow_js(made: Path, name: str) -> None:
    theirs = floats(made / f"{name}.f32", PATCHES, -1)
    ours = our_scores(import_model(made, name), floats(made / "patches.f32", PATCHES, 43, 232))
    assert theirs.shape[1] == len(OWN_WORDS if name == "transfer" else WORDS)
    assert theirs.max() - theirs.min() > 0.01  # scores that differ, or nothing would be shown
    assert np.abs(ours - theirs).max() < CLOSE


def test_quantized_weights_are_dequantized(made: Path) -> None:
    whole = floats(made / "same.f32", PATCHES, -1)
    for dtype in ("uint8", "uint16", "float16"):
        assert read_model(made / dtype).about["stored_as"] == [dtype]
        assert np.abs(floats(made / f"{dtype}.f32", PATCHES, -1) - whole).max() > 1e-6


def test_map_applies_to_transfer_models(made: Path) -> None:
    recognizer = Recognizer(load_weights(import_model(made, "transfer")))
    assert recognizer.labels == tuple(OWN_WORDS)
    assert recognizer.meanings == {"links": "left"}
    assert recognizer.detector.threshold_of("links") == 0.75


def test_features_match_the_packages_extractor(made: Path) -> None:
    frontend = BrowserFft()
    power = frontend.power_at_own_rate(torch.from_numpy(np.fromfile(made / "sound.f32", "<f4"))[None])
    decibels = frontend.decibels(power)[0, 0].T.numpy()
    assert np.abs(decibels - floats(made / "decibels.f32", 43, 232)).max() < 1e-3
    assert np.abs(frontend.normalize(power)[0, 0].T.numpy() - floats(made / "patch.f32", 43, 232)).max() < 1e-4


def test_exported_network_recognizes_the_same_words_in_tensorflow_js(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_node()
    torch.set_num_threads(1)
    monkeypatch.setattr(compose, "MIN_CLIPS", 4)
    composer = Composer(corpus(6), rooms=2)
    schedule = Schedule(epochs=1, windows=12 * GROUP, batch=GROUP, learning_rate=2e-3, average=0.8)
    trainer = Trainer(composer, "browser-fft", BrowserFftSettings(), schedule)
    for _ in trainer.epoch():
        pass
    words = ("up", "down", "left", "right", UNKNOWN, NOISE)
    info = WeightsInfo(words, tuple(composer.classes), "browser-fft", BrowserFftSettings())
    save_weights(tmp_path / "trained.safetensors", trainer.average.state_dict(), info)
    weights = load_weights(tmp_path / "trained.safetensors")
    export_tfjs(weights, tmp_path / "exported")

    heard = clips(20, seed=99)
    with torch.inference_mode():
        pictures = BrowserFft()(torch.from_numpy(heard.sound.astype(np.float32) / 32768))
        ours = torch.softmax(weights.model.eval()(pictures), 1).numpy()
    assert len(ours) == 100
    pictures[:, 0].transpose(1, 2).contiguous().numpy().astype("<f4").tofile(tmp_path / "patches.f32")
    job = {"model": tmp_path / "exported", "patches": tmp_path / "patches.f32", "scores": tmp_path / "scores.f32"}
    run_jobs(tmp_path, {"op": "predict", **job})
    theirs = floats(tmp_path / "scores.f32", 100, -1)
    assert np.abs(ours - theirs).max() < CLOSE
    assert (ours.argmax(1) == theirs.argmax(1)).all()
    assert len(set(ours.argmax(1).tolist())) >= 3  # it has learnt to tell some apart
    # And back: what was exported can be imported.
    model = read_model(tmp_path / "exported")
    make_weights(model, plan_labels(model.labels), tmp_path / "back.safetensors")
    assert (
        np.abs(our_scores(tmp_path / "back.safetensors", floats(tmp_path / "patches.f32", 100, 43, 232)) - theirs).max() < CLOSE
    )
