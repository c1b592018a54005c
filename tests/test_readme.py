from __future__ import annotations

import re

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
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"voicetrail {command}\b", README.read_text("utf-8"))
