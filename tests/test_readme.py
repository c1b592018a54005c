from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tools.readme import README, filled
from voicetrail.cli import COMMANDS

ROOT = README.parent


def test_the_tables_are_those_of_the_code() -> None:
    text = README.read_text("utf-8")
    assert filled(text) == text, "run python -m tools.readme"


def test_every_file_that_it_links_is_there() -> None:
    text = README.read_text("utf-8")
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_has_a_help(command: str) -> None:
    assert re.search(rf"voicetrail {command}\b", README.read_text("utf-8")), command
    shown = subprocess.run([sys.executable, "-m", "voicetrail", command, "--help"], capture_output=True, text=True, check=True)
    assert f"voicetrail {command}" in shown.stdout
