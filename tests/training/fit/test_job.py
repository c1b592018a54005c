"""Whole training runs by the command line: killed, gone on with, and spread over processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.training.makers import write_folder, write_sound
from voicetrail.cli import main
from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.networks.model import DEFAULT_ARCHITECTURE, build_model
from voicetrail.spotting.weights import load_weights
from voicetrail.training.evaluate import choose
from voicetrail.training.fit import compose, mine, surroundings

ROOT = Path(__file__).parents[2]
CLIPS = 156
"""Of each word: four of six are for training, and a word needs a hundred."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "words", CLIPS)


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recordings for a test that is about something else than learning: twelve of each word, and those enough."""
    monkeypatch.setattr(compose, "MIN_CLIPS", 8)
    return write_folder(tmp_path / "few" / "words", 12)


def command(data: Path, out: Path, epochs: int, *more: str) -> list[str]:
    kept = ["--cache", str(data.parent / "cache"), "--choose-seconds", "0", "--workers", "0"]
    return [
        "train",
        "--data",
        str(data),
        "--out",
        str(out),
        "--epochs",
        str(epochs),
        "--windows",
        "64",
        "--batch",
        "64",
        *kept,
        *more,
    ]


def tensors(path: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = safetensors.torch.load_file(path)
    return found


@pytest.mark.e2e
def test_a_kill_loses_at_most_an_epoch_and_what_follows_is_what_would_have_been(data: Path, tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    checkpoint = killed / "checkpoint.safetensors"
    run = subprocess.Popen(
        [sys.executable, "-m", "voicetrail", *command(data, killed, 5)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        end = time.monotonic() + 90
        while not checkpoint.exists() and time.monotonic() < end and run.poll() is None:
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)  # in the middle of an epoch
    finally:
        run.wait(10)
    assert run.returncode == -signal.SIGKILL, run.stderr and run.stderr.read().decode()
    assert main(command(data, killed, 5)) == 1  # it is not started again by mistake
    assert main(command(data, killed, 5, "--resume")) == 0
    assert main(command(data, whole, 5)) == 0
    one, two = tensors(checkpoint), tensors(whole / "checkpoint.safetensors")
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=1e-4, atol=1e-5, msg=name)
    assert (killed / "directional4w.safetensors").read_bytes() == (whole / "directional4w.safetensors").read_bytes()
    assert len((killed / "history.json").read_text().split("loss")) == 1 + 5


@pytest.mark.e2e
def test_two_processes_give_what_one_gives(data: Path, tmp_path: Path) -> None:
    single, together = tmp_path / "single", tmp_path / "together"
    shared = ["--windows", "128", "--batch", "128"]
    assert main(command(data, single, 2, *shared)) == 0
    port = ["--master-addr", "127.0.0.1", "--master-port", str(20_000 + os.getpid() % 20_000)]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", *port, "-m", "voicetrail"]
    done = subprocess.run(
        [*launch, *command(data, together, 2, *shared)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(together / "directional4w.safetensors")]
    one, two = tensors(single / "checkpoint.safetensors"), tensors(together / "checkpoint.safetensors")
    trained = [name for name in one if name.startswith("model.") and name.endswith((".weight", ".bias"))]
    assert len(trained) > 20
    for name in trained:
        # The sum over a batch is taken in another order. Adam's first steps are of one size whatever the gradient's, so a
        # weight whose gradient is all rounding may go either way: nearly all agree closely, and the rest within a step.
        apart = (one[name] - two[name]).abs()
        assert apart.max() < 0.011, name
        assert (apart < 1e-4).float().mean() > 0.97, name


def test_words_with_too_few_recordings_are_reported_before_training(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(command(few, out, 1, "--vocabulary", "18w")) == 1
    assert "too few recordings of eight, five" in capsys.readouterr().err
    assert not (out / "checkpoint.safetensors").exists()


@pytest.mark.e2e
def test_weights_are_written_for_the_best_epoch_with_what_they_were_trained_on(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "colored", lambda rng, length: rng.standard_normal(length).astype("float32") * 0.1)
    monkeypatch.setattr(choose, "GRID", (0.3, 0.6, 0.9))
    first, again = tmp_path / "first", tmp_path / "again"
    chosen = ["--choose-seconds", "6", "--keep", "1"]
    assert main(command(few, first, 1, *chosen)) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == f"{first / 'directional4w.safetensors'}\n"
    weights = load_weights(first / "directional4w.safetensors")
    assert weights.info.about["trained_on"] == ["words", "_background_noise_"]
    assert weights.info.about["epoch"] == 1
    assert set(weights.info.detector.thresholds) == {"up", "down", "left", "right"}
    assert weights.info.classes == ("cat", "down", "left", "right", "up", "_unknown_", "_background_noise_")
    assert 0.4 <= weights.info.temperature <= 1.3
    kept, best = tensors(first / "epoch-001.safetensors"), tensors(first / "best.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in best.items())
    # Another run begins where this one ended.
    start = ["--begin-with", str(first / "checkpoint.safetensors"), "--learning-rate", "1e-12"]
    code = main(command(few, again, 1, *start))
    assert code == 0, capsys.readouterr().err
    one, two = tensors(first / "checkpoint.safetensors"), tensors(again / "checkpoint.safetensors")
    torch.testing.assert_close(one["average.head.weight"], two["model.head.weight"], rtol=0, atol=1e-6)


@pytest.mark.e2e
def test_talk_that_the_weights_take_for_a_word_is_found_before_training_on_it(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine, "SUSPICIOUS", 0.0)
    first, again, talk = tmp_path / "first.safetensors", tmp_path / "again", tmp_path / "talk" / "someone"
    safetensors.torch.save_file(build_model(DEFAULT_ARCHITECTURE, FeatureSettings(), 7).state_dict(), first)
    talk.mkdir(parents=True)
    write_sound(talk / "line.flac", np.random.default_rng(0).standard_normal(6 * 16_000) * 0.1)
    begin = ["--begin-with", str(first), "--mine", "--negatives", str(talk.parent)]
    code = main(command(few, again, 1, *begin))
    said = capsys.readouterr().err
    assert code == 0, said
    found = re.search(r"(\d+) hard places", said)
    # Every tenth of a second of the six a window begins, up to the last whole one.
    assert found is not None
    assert 50 <= int(found[1]) <= 60
    assert main(command(few, tmp_path / "third", 1, "--mine")) == 2
    assert "--begin-with" in capsys.readouterr().err


def test_a_network_learns_what_teachers_answer(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    teachers = [tmp_path / f"{name}.safetensors" for name in ("temporal-resnet", "temporal-resnet-wide")]
    for path in teachers:
        safetensors.torch.save_file(build_model(path.stem, FeatureSettings(), 7).state_dict(), path)
    named = [each for path in teachers for each in ("--teacher", str(path))]
    assert main(command(few, tmp_path / "taught", 1, *named)) == 0, capsys.readouterr().err
    assert load_weights(tmp_path / "taught" / "directional4w.safetensors").info.about["schedule"]["label_share"] == 0.3
    assert main(command(few, tmp_path / "else", 1, "--architecture", "cnn-one-fstride4", *named)) == 1
    assert "no architecture with these features" in capsys.readouterr().err
    for wrong, said in ((["--label-share", "0.5"], "--teacher"), ([*named, "--label-share", "1.5"], "at most 1")):
        assert main(command(few, tmp_path / "wrong", 1, *wrong)) == 2
        assert said in capsys.readouterr().err
