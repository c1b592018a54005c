"""What `voicetrail ssh` says to ssh, and what ssh's answers mean. Pure: nothing here runs anything."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from voicetrail.errors import UsageError
from voicetrail.link.wire import PROTOCOL
from voicetrail.text import printable

WITH_VALUE = frozenset("BbcDEeFIiJLlmOopPQRSWw")
"""Options of ssh that take a value."""
NO_GAME = frozenset("fGNnOQsTVW")
"""Options of ssh that make a game impossible: without them there is no terminal, command or keyboard."""
NOT_THERE, OLDER, NEWER = 96, 97, 98
"""Exit codes of the script at the other end: no voicetrail, one of an older protocol, one of a newer."""
BASE_OPTIONS = ("-t", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6")
"""A terminal; no game without its microphone; a connection that is dead for half a minute is given up."""
PASSED_ON = ("COLORTERM",)
"""Environment that the game there is to know: whether this terminal has all colors."""


@dataclass(frozen=True, slots=True)
class SshRequest:
    """The parsed command line."""

    host: str
    ssh: tuple[str, ...]
    play: tuple[str, ...]
    own: tuple[str, ...] = ()
    """Options of ``voicetrail ssh`` itself that stand behind the host."""


def split_arguments(words: Sequence[str], own_with_value: frozenset[str], own_flags: frozenset[str]) -> SshRequest:
    """Split ``[user@]host [ssh options] [-- play options]``.

    Args:
        words: the command line.
        own_with_value: long options of this command that take a value.
        own_flags: those that take none.

    Raises:
        UsageError: there is no host, or something that is none of these.
    """
    words = list(words)
    play: list[str] = []
    if "--" in words:
        at = words.index("--")
        words, play = words[:at], words[at + 1 :]
    host, ssh, own = "", list[str](), list[str]()
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            name = word.partition("=")[0]
            if name not in own_with_value | own_flags:
                raise UsageError(f"no option {printable(name)}; put options of the game after --")
            own.append(word)
            if name in own_with_value and "=" not in word:
                own += _value(words, name)
        elif word.startswith("-") and len(word) > 1:
            ssh += _ssh_option(word, words)
        elif not host:
            host = word
        else:
            raise UsageError(f"{printable(word)!r} is neither a host nor an option of ssh; put options of the game after --")
    if not host:
        raise UsageError("name the host: voicetrail ssh [user@]host [ssh options] [-- play options]")
    if any(option == "--source" or option.startswith("--source=") for option in play):
        raise UsageError("the game uses the sound of this machine: leave out --source, or put it before the host")
    return SshRequest(host, tuple(ssh), tuple(play), tuple(own))


def _ssh_option(word: str, following: list[str]) -> list[str]:
    """Take an option of ssh (a cluster of letters) with its value, if it has one."""
    for index, letter in enumerate(word[1:], 1):
        if letter in NO_GAME:
            raise UsageError(f"ssh -{printable(letter)} leaves no terminal for the game; leave it out")
        if letter in WITH_VALUE:
            return [word, *([] if word[index + 1 :] else _value(following, f"-{letter}"))]
    return [word]


def _value(following: list[str], name: str) -> list[str]:
    if not following:
        raise UsageError(f"{printable(name)} needs a value")
    return [following.pop(0)]


def remote_script(
    command: Sequence[str], source: str, play: Sequence[str], *, remove: Sequence[str], environment: Mapping[str, str]
) -> str:
    """The command for the shell of the other machine: checks that a compatible voicetrail is installed, plays, and cleans up.

    Args:
        command: how voicetrail is called there.
        source: the game's ``--source``.
        play: further options of the game.
        remove: files there to remove when the game has ended.
        environment: variables for the game.
    """
    program, game = shell_words(command), shlex.join(["play", "--source", source, *play])
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    steps = [
        f"trap 'rm -f {shlex.join(remove)}' EXIT",
        "trap 'exit 129' HUP",
        "trap : INT",
        # Where pipx and pip install it; a non-login shell may not look there.
        'PATH="$PATH:$HOME/.local/bin"; export PATH',
        f"command -v {shell_words(command[:1])} >/dev/null 2>&1 || exit {NOT_THERE}",
        f"v=$({program} mic --protocol 2>/dev/null) || exit {OLDER}",
        f'[ "$v" -le {PROTOCOL} ] 2>/dev/null || exit {NEWER}',
        f'[ "$v" -eq {PROTOCOL} ] || exit {OLDER}',
        # Only the shell gets a hang-up, and a shell that waits for a foreground program does not pass it on. So the game
        # is one of the background, with the terminal as its input, and gets it from here.
        f"exec 3<&0; {given} {program} {game} <&3 3<&- & p=$!",
        "trap 'kill -HUP $p 2>/dev/null' HUP",
        "trap 'kill -TERM $p 2>/dev/null' TERM",
        "while wait $p; code=$?; kill -0 $p 2>/dev/null; do :; done",
        "exit $code",
    ]
    script = "\n".join(steps)
    return f"exec sh -c {shlex.quote(script)}"


def shell_words(command: Sequence[str]) -> str:
    """Quote words for the shell of the other machine, but for a tilde at the beginning of a path: its home is known only there."""
    words = []
    for word in command:
        home = re.match(r"~[A-Za-z0-9._-]*(?=/|$)", word)
        rest = word[home.end() :] if home is not None else word
        words.append((home.group() if home is not None else "") + (shlex.quote(rest) if rest else "" if home else "''"))
    return " ".join(words)


def ssh_command(request: SshRequest, forward: str, script: str) -> list[str]:
    """The whole command line; the player's own options come first, and so win."""
    return ["ssh", *request.ssh, *BASE_OPTIONS, "-R", forward, request.host, script]


def store_command(request: SshRequest, file: str) -> list[str]:
    """Store what comes at the standard input in a file of the other end that only this user can read."""
    folder = shlex.quote(file.rpartition("/")[0])
    script = f"umask 077; mkdir -p {folder}; cat > {shlex.quote(file)}"
    return ["ssh", *request.ssh, request.host, f"exec sh -c {shlex.quote(script)}"]


class SshOutcome(Enum):
    """How ssh ended."""

    ENDED = "ended"
    """The game ended, with its own exit code."""
    DROPPED = "dropped"
    """The connection broke."""
    NO_FORWARD = "no forward"
    """The server does not allow the forward."""
    REFUSED = "refused"
    """It never came to a game."""


PATTERNS: tuple[tuple[SshOutcome, str, str], ...] = (
    (SshOutcome.NO_FORWARD, r"remote port forwarding failed|forwarding request (failed|denied)", "{host} refuses the forward"),
    (
        SshOutcome.REFUSED,
        r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED",
        "{host} has a different host key than before: if that is expected, remove the old one with"
        " `ssh-keygen -R` and log in once by hand",
    ),
    (
        SshOutcome.REFUSED,
        r"Permission denied \(|Too many authentication failures|No more authentication methods",
        "{host} refuses the login ({said}): check that `ssh {host}` works by itself, then try again",
    ),
    (SshOutcome.REFUSED, r"Could not resolve hostname", "there is no host {host} ({said}): check the spelling"),
    (
        SshOutcome.REFUSED,
        r"connect to host .*: |Connection timed out during|kex_exchange_identification|Connection closed by .*port",
        "{host} cannot be reached ({said}): check that `ssh {host}` works by itself",
    ),
    (
        SshOutcome.DROPPED,
        r"Broken pipe|Connection reset|not responding|Connection to .* closed by remote host|client_loop|Timeout, server",
        "the connection to {host} was lost",
    ),
    (SshOutcome.ENDED, r"Connection to .* closed\.|Shared connection to .* closed", ""),
)
"""What ssh writes to its standard error, what it means, and what is said instead."""


def explain_line(line: str) -> tuple[SshOutcome, str] | None:
    """Say what a line of ssh's means, if it is one that is explained."""
    for outcome, pattern, text in PATTERNS:
        if re.search(pattern, line):
            return outcome, text
    return None


def explain(code: int, lines: Sequence[str], host: str, played: bool, command: str) -> tuple[SshOutcome, str]:
    """Say how it ended.

    Args:
        code: ssh's exit code: the script's or the game's, or 255 for a failure of its own.
        lines: what ssh wrote to its standard error.
        host: the host as the player wrote it.
        played: the game had begun to listen.
        command: how voicetrail was called there.

    Returns:
        The outcome, and one line for the player (empty where there is nothing to say).
    """
    host = printable(host, 80)
    if not played:
        there = {
            NOT_THERE: f"there is no {printable(command, 80)!r} on {host}: install it there as on this machine, "
            "or name its path (--remote-command '~/voicetrail/.venv/bin/voicetrail')",
            OLDER: f"the voicetrail on {host} is older than this one: update it there",
            NEWER: f"the voicetrail on {host} is newer than this one: update it here",
        }
        if code in there:
            return SshOutcome.REFUSED, there[code]
    if code != 255 and code >= 0:
        return SshOutcome.ENDED, ""
    for line in reversed(lines):
        known = explain_line(line)
        if known is not None and known[0] is not SshOutcome.ENDED and (not played or known[0] is SshOutcome.DROPPED):
            said = printable(line.removeprefix("ssh: ").strip().rstrip("."), 120)
            return known[0], known[1].format(host=host, said=said)
    if played:
        return SshOutcome.DROPPED, f"the connection to {host} was lost"
    last = printable(lines[-1].strip(), 160) if lines else f"code {code}"
    return SshOutcome.REFUSED, f"ssh to {host} failed ({last}): check that `ssh {host}` works by itself"
