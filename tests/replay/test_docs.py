"""The page about replays: its tables are those of the code, and its commands are understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.replay.makers import record_spoken
from tools.replay_page import PAGE, filled
from voicetrail.cli import main


def test_the_tables_are_those_of_the_code() -> None:
    text = PAGE.read_text("utf-8")
    assert filled(text) == text, "run python -m tools.replay_page"


@pytest.mark.parametrize(
    "line", re.findall(r"^    voicetrail ((?:replays|replay|export).*?)(?:  +#.*)?$", PAGE.read_text("utf-8"), re.M)
)
def test_every_command_of_the_page_works(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "voicetrail" / "replays"
    record_spoken(folder / "FILE.trail", hops=300, sound=True)
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(line)
    if "--rehear" in arguments:
        pytest.skip("needs the weights; see test_recognize")
    code = main(arguments)
    said = capsys.readouterr()
    # The player itself needs a terminal.
    assert code == 0 or "needs a terminal" in said.err, said.err
