from __future__ import annotations

import json
from pathlib import Path

import pytest

from voicetrail.training.evaluate import compare
from voicetrail.training.fit import baselines, stages
from voicetrail.training.fit.baselines import Recordings, Rounds, main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("speech_commands", "noise", "negatives", "talk", "rooms"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    (tmp_path / "data" / "speech_commands" / "validation_list.txt").touch()
    for folder in ("speech", "synthetic/heldout", "b"):
        (tmp_path / "runs" / folder).mkdir(parents=True)
    (tmp_path / "runs" / "b" / "hard-talk-0.npy").write_bytes(b"places")
    return tmp_path / "data"


@pytest.fixture
def scores() -> list[float]:
    """What each training of a round comes to, the next one first; then it stays at the last."""
    return [0.5, 0.7, 0.8, 0.803, 0.9]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, scores: list[float]) -> list[list[str]]:
    """The trainings and the comparisons that were run; a training leaves behind what the real one would."""
    run: list[list[str]] = []

    def train(*arguments: str) -> None:
        run.append(list(arguments))
        out = Path(arguments[arguments.index("--out") + 1])
        score = scores.pop(0)
        (out / "history.json").write_text(json.dumps([{"accuracy": 0.1, "recall": 0.1}, {"accuracy": score, "recall": score}]))
        (out / "best.safetensors").touch()
        (out / "directional4w.safetensors").touch()

    def compared(arguments: list[str]) -> int:
        run.append(arguments)
        return 0

    monkeypatch.setattr(stages, "run_voicetrail", train)
    monkeypatch.setattr(compare, "main", compared)
    monkeypatch.setattr(baselines, "choose", lambda rounds, ours, heard: (rounds.folder / "directional4w.safetensors").touch())
    return run


def test_a_network_is_trained_until_a_round_gains_little(data: Path, tmp_path: Path, commands: list[list[str]]) -> None:
    arguments = ["--data", str(data), "--runs", str(tmp_path / "runs"), "--network", "ds-cnn"]
    assert main(arguments) == 0
    outs = [Path(each[each.index("--out") + 1]).name for each in commands if each[0] == "train"]
    assert outs == ["round-1", "round-2", "round-3", "round-4"]
    first, second, *_ = commands
    assert "--begin-with" not in first
    assert second[second.index("--begin-with") + 1].endswith("ds-cnn/round-1/best.safetensors")
    assert (tmp_path / "runs/baselines/ds-cnn/round-2/hard-talk-0.npy").read_bytes() == b"places"
    rounds = Rounds(tmp_path / "runs/baselines/ds-cnn")
    assert rounds.settled
    assert rounds.best == tmp_path / "runs/baselines/ds-cnn/round-4"
    assert commands[-1][-1].endswith("ds-cnn/directional4w.safetensors")
    done = len(commands)
    assert main(arguments) == 0
    assert len(commands) == done + 1, "only the table is made again"


def test_a_worse_round_is_not_gone_on_from(data: Path, tmp_path: Path, commands: list[list[str]], scores: list[float]) -> None:
    scores[:] = [0.8, 0.7]
    assert main(["--data", str(data), "--runs", str(tmp_path / "runs"), "--network", "bc-resnet"]) == 0
    rounds = Rounds(tmp_path / "runs/baselines/bc-resnet")
    assert rounds.settled
    assert rounds.best == rounds.at(1)


def test_a_better_round_is_chosen_for_again(
    data: Path, tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, choose = list[Path | None](), baselines.choose

    def choosing(rounds: Rounds, ours: Path, heard: Recordings) -> Path:
        made.append(rounds.best)
        return choose(rounds, ours, heard)

    monkeypatch.setattr(baselines, "choose", choosing)
    arguments = ["--data", str(data), "--runs", str(tmp_path / "runs"), "--network", "ds-cnn", "--rounds"]
    rounds = Rounds(tmp_path / "runs/baselines/ds-cnn")
    for number in ("1", "1", "2"):
        assert main([*arguments, number]) == 0
    assert made == [rounds.at(1), rounds.at(2)]


def test_rounds_that_are_not_over_do_not_count(data: Path, tmp_path: Path, commands: list[list[str]]) -> None:
    assert main(["--data", str(data), "--runs", str(tmp_path / "runs"), "--network", "ds-cnn", "--rounds", "2"]) == 0
    rounds = Rounds(tmp_path / "runs/baselines/ds-cnn")
    assert not rounds.settled
    (rounds.at(2) / "directional4w.safetensors").unlink()
    assert rounds.scores == [0.5]
    assert rounds.gain is None


def test_without_the_hard_places_nothing_begins(
    data: Path, tmp_path: Path, commands: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs" / "b" / "hard-talk-0.npy").unlink()
    assert main(["--data", str(data), "--runs", str(tmp_path / "runs")]) == 1
    assert "make weights" in capsys.readouterr().err
    assert not commands
