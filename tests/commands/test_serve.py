"""The command line of `voicetrail serve`."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from voicetrail.cli import main

SERVE = [sys.executable, "-m", "voicetrail", "serve"]


def test_serve_without_aiohttp_names_the_install_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("voicetrail.commands.serve.find_spec", lambda name: None)
    assert main(["serve"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "'voicetrail[serve]'" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--port", "70000"], 2, "--port"),
        (["--name", "a b/c"], 2, "--name"),
        (["--bind", "not an address"], 1, "cannot listen on"),
        (["--token-file", "/does/not/exist"], 1, "secret"),
        (["--visitors", "0"], 2, "--visitors"),
    ],
)
def test_unusable_arguments_give_one_line(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *arguments]) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_port_in_use_gives_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 1
    assert "--port" in capsys.readouterr().err


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "shown", "warned"),
    [
        ([], r"http://127\.0\.0\.1:\d+\n", False),
        (["--token"], r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}\n", False),
        (["--name", "play.example.org"], r"https://play\.example\.org/\?token=[\w-]{32} ", False),
        (["--bind", "0.0.0.0"], r"http://ADDRESS:\d+/\?token=[\w-]{32} ", True),
    ],
)
def test_start_prints_the_address_and_warns_if_it_is_reachable_by_others(
    arguments: list[str], shown: str, warned: bool, tmp_path: Path
) -> None:
    process = subprocess.Popen([*SERVE, "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    while "ctrl+c" not in said:
        said += (line := process.stdout.readline())
        assert line, said
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert re.search(shown, said)
    assert ("other machines" in error) == warned
    assert "Traceback" not in error


def test_own_token_is_read_from_a_private_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-my-own-0123456789\n")
    file.chmod(0o644)
    assert main(["serve", "--port", "0", "--token-file", str(file)]) == 1
    assert "chmod 600" in capsys.readouterr().err
