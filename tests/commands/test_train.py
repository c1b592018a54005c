from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.makers import write_folder
from voicetrail.cli import main


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "words", 6)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--vocabulary", "5w"], 2, "there is no vocabulary '5w'; there are directional4w, 18w"),
        (["--epochs", "0"], 2, "--epochs must be above 0"),
        (["--learning-rate", "-1"], 2, "--learning-rate must be above 0"),
        (["--learning-rate", "nan"], 2, "--learning-rate must be above 0"),
        (["--architecture", "transformer"], 1, "there is no architecture 'transformer'; there are temporal-resnet"),
        (["--batch", "100", "--workers", "0"], 1, "too few recordings"),
        (["--noise", "nowhere"], 1, "there is no folder nowhere"),
        (["--workers", "-1"], 2, "--workers must be at least 0"),
        (["--threads", "0"], 2, "--threads must be above 0"),
        (["--seed", "-1"], 2, "--seed must be at least 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_untrainable_input_gives_one_line(
    data: Path, tmp_path: Path, arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["train", "--data", str(data), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), *arguments]
    assert main(given) == code
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith("voicetrail: ")
    assert message in last
    assert not list((tmp_path / "out").glob("*.safetensors"))
