"""The list of words in a real terminal: a set is renamed, exported, deleted, imported and played with."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, TmuxTerminal
from tests.teaching.sets import keep_untrained
from voicetrail.settings import load_settings
from voicetrail.teaching import word_sets
from voicetrail.teaching.making import saved_examples


def names() -> list[str]:
    """The sets on the disk."""
    return [info.name for info in word_sets.list_sets()]


def type_over(screen: TmuxTerminal, before: str, text: str) -> None:
    """Type a text in the place of the one in the field."""
    screen.wait_for(f"    {before}"[:60])
    screen.send_keys("C-u")
    # Textual handles a letter that follows at once before the key that empties the field.
    time.sleep(0.5)
    screen.send_keys(text, literal=True)
    screen.wait_for(text[-30:])
    screen.send_keys("Enter")


@pytest.mark.timeout(240)
def test_a_set_is_renamed_exported_deleted_imported_and_played_with(
    terminal: OpenTerminal, home: dict[str, str], tmp_path: Path
) -> None:
    keep_untrained("mine", with_takes=True)
    voice = {word: [take.sound.tobytes() for take in takes] for word, takes in saved_examples("mine").takes.items()}
    screen = terminal([*VOICETRAIL, "--source", "demo"], width=100, height=30)
    screen.wait_for("1 of 3")
    screen.send_keys("Escape")
    screen.wait_for("Sketch")
    screen.send_keys(*["Down"] * 5, "Enter")
    screen.wait_for("Teach a new set")
    screen.send_keys("Down", "Down")
    screen.wait_for("links = left, rechts = right")

    screen.send_keys("r")
    screen.wait_for("another name for mine")
    type_over(screen, "mine", "../evil")
    screen.wait_for("cannot be the name of a set")
    type_over(screen, "../evil", "Mes mots été")
    screen.wait_for("renamed to Mes mots été")
    assert names() == ["Mes mots été"]

    screen.send_keys("e")
    screen.wait_for("the file to write Mes mots été to")
    file = tmp_path / "my set.vtwords"
    type_over(screen, home["HOME"], str(file))
    screen.wait_for("recordings of your voice? y or n")
    screen.send_keys("y")
    screen.wait_for("with its takes")
    assert len(zipfile.ZipFile(file).namelist()) == 2 + 1 + 6 + 1

    screen.send_keys("x")
    screen.wait_for("permanently? y or n")
    screen.send_keys("y")
    screen.wait_for("were deleted")
    assert names() == []

    screen.send_keys("i")
    screen.wait_for("the path of the file of a set")
    type_over(screen, "", str(file))
    screen.wait_for("my set was imported")
    assert names() == ["my set"]
    again = saved_examples("my set")
    assert {word: [take.sound.tobytes() for take in takes] for word, takes in again.takes.items()} == voice
    screen.send_keys("Right")
    screen.wait_for("listens for the words of my set from now on")
    screen.send_keys("Escape")
    screen.wait_for("Sketch")
    screen.send_keys("C-q")
    assert screen.wait_for_exit() == 0
    assert load_settings().values.weights == "my set"
