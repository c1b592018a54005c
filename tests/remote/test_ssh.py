"""What `voicetrail ssh` says to ssh, and what ssh's answers mean."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.commands.ssh import FLAGS, WITH_VALUE
from voicetrail.errors import UsageError
from voicetrail.link.wire import PROTOCOL
from voicetrail.program import command_parser
from voicetrail.remote.ssh import (
    NEWER,
    NOT_THERE,
    OLDER,
    SshOutcome,
    SshRequest,
    explain,
    explain_line,
    remote_script,
    shell_words,
    split_arguments,
    ssh_command,
    store_command,
)


def split(*words: str) -> SshRequest:
    return split_arguments(words, WITH_VALUE, FLAGS)


def test_host_options_of_ssh_and_those_of_the_game() -> None:
    assert split("me@desk") == SshRequest("me@desk", (), ())
    assert split("-F", "cfg", "desk", "-p2222", "-vA") == SshRequest("desk", ("-F", "cfg", "-p2222", "-vA"), ())
    assert split("desk", "--", "--size", "3", "--", "x").play == ("--size", "3", "--", "x")
    assert split("desk", "--reconnect", "--device=usb", "--profile", "me").own == (
        "--reconnect",
        "--device=usb",
        "--profile",
        "me",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the host"),
        (("desk", "other"), "neither a host nor an option"),
        (("desk", "-N"), "leaves no terminal"),
        (("desk", "-vN"), "leaves no terminal"),
        (("desk", "-p"), "needs a value"),
        (("desk", "--device"), "needs a value"),
        (("desk", "--nonsense"), "no option --nonsense"),
        (("desk", "--", "--source=mic"), "leave out --source"),
        (("\x1b[2J", "x"), "neither a host"),
    ],
)
def test_invalid_arguments_are_explained(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\x1b\n]*$") as caught:
        split(*words)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("words", "own", "rest"),
    [
        (["-F", "cfg", "desk", "--reconnect"], {"reconnect": False}, ["-F", "cfg", "desk", "--reconnect"]),
        (["--device", "usb", "-F", "cfg", "desk"], {"device": "usb"}, ["-F", "cfg", "desk"]),
        (["--recognise=here", "desk", "--", "-x"], {"recognize": "here"}, ["desk", "--", "-x"]),
        (["--no-level", "-4", "desk"], {"no_level": True}, ["-4", "desk"]),
        (["--", "desk"], {}, ["--", "desk"]),
    ],
)
def test_options_of_ssh_may_stand_before_the_host(words: list[str], own: dict[str, object], rest: list[str]) -> None:
    args = command_parser("ssh").parse_args(words)
    assert args.rest == rest
    assert {name: getattr(args, name) for name in own} == own


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["voicetrail"], "voicetrail"),
        (["~/venv/bin/voicetrail"], "~/venv/bin/voicetrail"),
        (["~"], "~"),
        (["~bob/my games/x"], "~bob'/my games/x'"),
        (["a~b", "~x~y", "", "$HOME"], "'a~b' '~x~y' '' '$HOME'"),
        (["~/$(touch x)"], "~'/$(touch x)'"),
    ],
)
def test_tilde_is_expanded_by_the_remote_shell(words: list[str], line: str) -> None:
    assert shell_words(words) == line


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=4)
)
def test_arguments_are_quoted_for_the_remote_shell(words: list[str]) -> None:
    plain = [word for word in words if not word.startswith("~")]
    assert shlex.split(shell_words(plain)) == plain


def run_script(tmp_path: Path, program: str | None, command: list[str] | None = None) -> tuple[int, str]:
    """Run the script that ssh would run, with a program of this text as voicetrail."""
    bin_folder = tmp_path / ".local" / "bin"
    bin_folder.mkdir(parents=True)
    if program is not None:
        (bin_folder / "voicetrail").write_text(f"#!/bin/sh\n{program}\n")
        (bin_folder / "voicetrail").chmod(0o755)
    left = tmp_path / "left"
    left.touch()
    script = remote_script(
        command or ["voicetrail"], "unix:///x?once=1", ["--size", "3"], remove=[str(left)], environment={"COLORTERM": "a b"}
    )
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert not left.exists(), "what it leaves there is removed"
    return done.returncode, done.stdout


ANSWERS = 'if [ "$1 $2" = "mic --protocol" ]; then echo {}; exit; fi; echo "$COLORTERM|$*"; exit 7'


def test_the_script_plays_with_the_games_own_code(tmp_path: Path) -> None:
    code, out = run_script(tmp_path, ANSWERS.format(PROTOCOL))
    assert (code, out) == (7, "a b|play --source unix:///x?once=1 --size 3\n")


def test_the_script_finds_a_program_by_a_tilde(tmp_path: Path) -> None:
    code, _ = run_script(tmp_path, ANSWERS.format(PROTOCOL), ["~/.local/bin/voicetrail"])
    assert code == 7


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (None, NOT_THERE),
        (ANSWERS.format(PROTOCOL - 1), OLDER),
        (ANSWERS.format(PROTOCOL + 1), NEWER),
        ("exit 2", OLDER),
        (ANSWERS.format("nonsense"), NEWER),
    ],
)
def test_the_script_says_which_voicetrail_is_there(tmp_path: Path, program: str | None, code: int) -> None:
    assert run_script(tmp_path, program)[0] == code


def test_the_players_options_come_first_and_so_win() -> None:
    line = ssh_command(SshRequest("desk", ("-o", "ServerAliveInterval=1"), ()), "a:b", "script")
    assert line.index("ServerAliveInterval=1") < line.index("ServerAliveInterval=5")
    assert line[-2:] == ["desk", "script"]


def test_a_secret_is_stored_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    *_, script = store_command(SshRequest("desk", (), ()), ".cache/voicetrail/line-1")
    subprocess.run(["sh", "-c", script], input=b"secret\n", cwd=tmp_path, check=True, timeout=10)
    file = tmp_path / ".cache" / "voicetrail" / "line-1"
    assert file.read_text() == "secret\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("code", "lines", "played", "outcome", "said"),
    [
        (0, [], True, SshOutcome.ENDED, ""),
        (3, [], True, SshOutcome.ENDED, ""),
        (NOT_THERE, [], False, SshOutcome.REFUSED, "there is no 'voicetrail' on desk"),
        (OLDER, [], False, SshOutcome.REFUSED, "is older than this one"),
        (NEWER, [], False, SshOutcome.REFUSED, "is newer than this one"),
        (NOT_THERE, [], True, SshOutcome.ENDED, ""),
        (255, ["Error: remote port forwarding failed for listen path"], False, SshOutcome.NO_FORWARD, "refuses the forward"),
        (255, ["me@desk: Permission denied (publickey)."], False, SshOutcome.REFUSED, "refuses the login"),
        (255, ["ssh: Could not resolve hostname desk: Name or service not known"], False, SshOutcome.REFUSED, "no host desk"),
        (255, ["Host key verification failed."], False, SshOutcome.REFUSED, "a different host key"),
        (255, ["client_loop: send disconnect: Broken pipe"], True, SshOutcome.DROPPED, "was lost"),
        (255, [], True, SshOutcome.DROPPED, "was lost"),
        (255, ["something\x1b[2J new"], False, SshOutcome.REFUSED, "failed (something"),
        (-9, [], True, SshOutcome.DROPPED, "was lost"),
    ],
)
def test_end_of_the_session_is_explained(code: int, lines: list[str], played: bool, outcome: SshOutcome, said: str) -> None:
    found, message = explain(code, lines, "desk", played, "voicetrail")
    assert found is outcome
    assert said in message
    assert message.isprintable()


def test_banner_is_shown_unchanged() -> None:
    assert explain_line("Welcome to desk. Touch your key.") is None
