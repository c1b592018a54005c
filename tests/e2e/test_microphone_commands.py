"""`voicetrail devices` and `voicetrail doctor` with a microphone, without one, and without PortAudio."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, VirtualMicrophone


def voicetrail(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    # An SSH session and its advice would depend on who runs the tests.
    own = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    return subprocess.run([*VOICETRAIL, *arguments], env={**own, **env}, capture_output=True, text=True, timeout=110)


@pytest.fixture
def no_portaudio(tmp_path: Path) -> dict[str, str]:
    """An environment in which sounddevice finds no library, as on a fresh machine."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    return {"PYTHONPATH": str(tmp_path)}


def test_devices_lists_the_inputs(virtual_mic: VirtualMicrophone, home: dict[str, str]) -> None:
    done = voicetrail("devices", "--json", env=virtual_mic.env)
    listed = json.loads(done.stdout)
    assert {each["name"] for each in listed} == {"default", "pulse"}
    assert [each["name"] for each in listed if each["default"]] == ["default"]
    assert set(listed[0]) == {"index", "name", "default", "rate", "channels"}
    table = voicetrail("devices", env=virtual_mic.env)
    assert (table.returncode, table.stderr) == (0, "")
    assert any(line.startswith("*") and "default" in line for line in table.stdout.splitlines())


def test_devices_without_an_input(virtual_mic: VirtualMicrophone, home: dict[str, str]) -> None:
    virtual_mic.kill_server()
    done = voicetrail("devices", env=virtual_mic.env)
    assert done.returncode == 1
    assert done.stderr.startswith("voicetrail: no microphone:")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["devices"], ["devices", "--json"], ["listen", "mic"]])
def test_without_portaudio_the_command_that_mends_it_is_named(
    command: list[str], no_portaudio: dict[str, str], home: dict[str, str]
) -> None:
    done = voicetrail(*command, env=no_portaudio)
    assert done.returncode == 1
    assert "sudo apt install libportaudio2" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_device_that_matches_none_or_several(virtual_mic: VirtualMicrophone, home: dict[str, str]) -> None:
    none = voicetrail("listen", "mic", "--device", "kitchen", env=virtual_mic.env)
    several = voicetrail("listen", "mic", "--device", "l", env=virtual_mic.env)
    assert (none.returncode, several.returncode) == (1, 1)
    assert "no input matches 'kitchen'; the inputs are" in none.stderr
    assert "several inputs match 'l'" in several.stderr
    assert none.stderr.count("\n") == several.stderr.count("\n") == 1


def test_doctor_finds_everything_well(virtual_mic: VirtualMicrophone, terminal: OpenTerminal) -> None:
    screen = terminal([*VOICETRAIL, "doctor"], width=120, height=40, env=virtual_mic.env)
    status = screen.wait_for_exit(40)
    shown = screen.capture()
    assert status == 0, shown
    for text in (
        "120×40",
        "true color",
        "UTF-8",
        "PortAudio",
        "2 inputs",
        "there is no sound at all from the default microphone",
        "ms per hop",
    ):
        assert text in shown
    assert "Everything works." in shown


def test_doctor_says_what_to_do(virtual_mic: VirtualMicrophone, home: dict[str, str]) -> None:
    virtual_mic.kill_server()
    done = voicetrail("doctor", "--json", "--weights", "none", env={**virtual_mic.env, "TERM": "dumb"})
    failed = {entry["text"]: entry for entry in map(json.loads, done.stdout.splitlines()) if entry["verdict"] == "fail"}
    assert done.returncode == 1
    assert done.stderr == ""
    assert any("TERM is dumb" in text for text in failed)
    assert any("no microphone" in text and failed[text]["advice"] for text in failed)
    assert any("there are no weights named 'none'" in text for text in failed)
