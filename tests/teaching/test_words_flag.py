"""`--words NAME` is `--weights NAME` wherever there are weights, and an unknown name is answered with those that there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.ui.test_words_screen import keep
from voicetrail.cli import main
from voicetrail.program import command_parser

EVERYWHERE = {
    "play": [],
    "listen": ["demo"],
    "classify": ["a.wav"],
    "calibrate": [],
    "ssh": ["host"],
    "replay": ["last"],
}


@pytest.mark.parametrize("command", EVERYWHERE)
def test_every_command_takes_a_set_by_its_name(command: str) -> None:
    args = command_parser(command).parse_args(["--words", "mine", *EVERYWHERE[command]])
    assert (args.rehear if command == "replay" else args.weights) == "mine"


@pytest.mark.parametrize("command", ["listen", "classify"])
def test_a_set_that_is_not_there_is_answered_with_those_that_are(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    keep("mine")
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    assert main([command, str(tmp_path / "a.wav"), "--words", "yours"]) != 0
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "there are no weights named 'yours'; there are 18w, directional4w, mine" in error
    assert main([command, str(tmp_path / "a.wav"), "--words", "mine"]) == 0
