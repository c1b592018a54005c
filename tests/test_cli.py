from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest

import voicetrail
from voicetrail.cli import main
from voicetrail.errors import (
    AudioError,
    RemoteError,
    ReplayError,
    SettingsError,
    TerminalError,
    TrainingError,
    UsageError,
    VoicetrailError,
    WeightsError,
)
from voicetrail.program import COMMANDS


@pytest.mark.parametrize("given", ["--help", "-h", "help"])
def test_the_help_lists_every_command(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([given]) == 0
    out = capsys.readouterr().out
    for name, text in COMMANDS.items():
        assert f"{name} " in out
        assert text in out


@pytest.mark.parametrize("given", ["--version", "version"])
def test_the_version(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([given]) == 0
    assert capsys.readouterr().out == f"voicetrail {voicetrail.__version__}\n"


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dance\x1b[2J"]) == 2
    err = capsys.readouterr().err
    assert "no command 'dance�[2J'" in err
    assert "listen" in err
    assert main(["lissten"]) == 2
    assert "did you mean listen?" in capsys.readouterr().err
    assert main(["maze"]) == 2
    assert "to play it, run: voicetrail play maze" in capsys.readouterr().err


def test_calibration_takes_no_flags_that_only_concern_the_game(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--threshold" in shown
    assert "--source" in shown
    assert "--grid" not in shown
    assert "--record" not in shown


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A command in the place of ``title`` and ``doctor``; notes what it is given."""
    command = SimpleNamespace(__doc__="A stand-in.", given=[], result=0)

    def run(args: object) -> int:
        command.given.append(vars(args))
        if isinstance(command.result, BaseException):
            raise command.result
        return int(command.result)

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--loud", action="store_true")
        parser.add_argument("--profile")

    command.run, command.add_arguments = run, add_arguments
    for name in ("title", "doctor"):
        monkeypatch.setitem(sys.modules, f"voicetrail.commands.{name}", command)
    return command


@pytest.mark.parametrize("given", [[], ["title"], ["--loud"], ["title", "--loud"]])
def test_without_a_command_it_shows_the_title(stand_in: SimpleNamespace, given: list[str]) -> None:
    assert main(given) == 0
    assert stand_in.given == [{"loud": "--loud" in given, "profile": None}]


@pytest.mark.parametrize(
    ("given", "loud"),
    [
        (["--profile", "ann"], False),
        (["--profile=ann", "--loud"], True),
        (["--profile", "ann", "doctor"], False),
        (["--profile=ann", "doctor", "--loud"], True),
        (["doctor", "--profile", "ann"], False),
    ],
)
def test_profile_flag_is_accepted_before_the_command(stand_in: SimpleNamespace, given: list[str], loud: bool) -> None:
    assert main(given) == 0
    assert stand_in.given == [{"loud": loud, "profile": "ann"}]


def test_exit_code_of_the_command_is_returned(stand_in: SimpleNamespace) -> None:
    stand_in.result = 1
    assert main(["doctor"]) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError, 2),
        (SettingsError, 2),
        (AudioError, 1),
        (WeightsError, 1),
        (ReplayError, 1),
        (RemoteError, 1),
        (TrainingError, 1),
        (TerminalError, 1),
    ],
)
def test_an_error_becomes_one_line_and_an_exit_code(
    stand_in: SimpleNamespace, capsys: pytest.CaptureFixture[str], error: type[VoicetrailError], code: int
) -> None:
    stand_in.result = error("the file\n\x1b[31m is not there; name another")
    assert main(["doctor"]) == code
    assert capsys.readouterr().err == "voicetrail: the file �[31m is not there; name another\n"


def test_ctrl_c_ends_without_a_traceback(stand_in: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in.result = KeyboardInterrupt()
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == ""


def test_unexpected_exception_is_not_hidden(stand_in: SimpleNamespace) -> None:
    stand_in.result = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


def test_closed_output_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = (
        "import sys; from types import SimpleNamespace\n"
        "def run(args): print('x' * 100_000, flush=True); return 0\n"
        "sys.modules['voicetrail.commands.doctor'] = SimpleNamespace(run=run, add_arguments=lambda parser: None)\n"
        "from voicetrail.cli import main; sys.exit(main(['doctor']))"
    )
    with os.fdopen(writer, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", list(COMMANDS))
@pytest.mark.parametrize("asked", ["after", "before"])
def test_every_command_has_a_description(name: str, asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"] if asked == "after" else ["help", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: voicetrail {name}")
    assert (import_module(f"voicetrail.commands.{name.replace('-', '_')}").__doc__ or "").split("\n")[0] in out


def test_a_profile_before_a_command_without_settings_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile", "ann", "completion", "bash"]) == 0
    assert capsys.readouterr().out.startswith("# AUTOMATICALLY GENERATED")


def test_wrong_flag_gives_one_line_that_points_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "maze", "--seed", "abc"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "'abc'" in err
    assert "voicetrail play --help" in err
