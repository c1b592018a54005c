"""Makes the manual page and the completion scripts from the parsers. ``hatch_build.py`` puts both into the wheel.

``python -m voicetrail.manual`` prints the page; ``python -m voicetrail.manual | man -l -`` shows it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from voicetrail import output
from voicetrail.program import whole_parser
from voicetrail.version import __version__

FILES = frozenset({"FILE", "OUT", "CLIP", "INPUT"})
"""Placeholders (metavars) of arguments that are paths of files."""


def completion(shell: str) -> str:
    """The completion script for a shell.

    Args:
        shell: ``bash``, ``zsh`` or ``fish``.
    """
    import shtab

    parser = whole_parser()
    for command in _commands(parser).values():
        for action in _arguments(command):
            if action.metavar in FILES or action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar == "DIR" or action.metavar == "FOLDER":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    return shtab.complete(parser, shell)


def manual_page() -> str:
    """The manual page in the format of ``man`` (roff)."""
    parser = whole_parser()
    lines = [
        f'.TH VOICETRAIL 1 "" "voicetrail {__version__}" "User Commands"',
        ".SH NAME",
        r"voicetrail \- draw a trail in the terminal by saying up, down, left, right",
        ".SH SYNOPSIS",
        r".B voicetrail",
        r"[\fB\-\-profile\fR \fINAME\fR] [\fICOMMAND\fR] [\fIoptions\fR]",
        ".SH DESCRIPTION",
        _roff(parser.description or ""),
        "Without a command, the title screen opens.",
        ".SH COMMANDS",
    ]
    for name, command in _commands(parser).items():
        lines += [f".SS voicetrail {name}", *_paragraphs(command.description or "")]
        for action in _arguments(command):
            if action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction):
                lines += [".TP", _heading(action), _roff(_help(action))]
    lines += [
        ".SH ENVIRONMENT",
        _roff(
            "Every setting has a variable, such as VOICETRAIL_STEP or VOICETRAIL_THRESHOLD. `voicetrail settings` lists the settings."
        ),
        *_entry("VOICETRAIL_PROFILE", "the profile whose settings are used"),
        *_entry("VOICETRAIL_CONFIG_DIR, VOICETRAIL_STATE_DIR", "folders to use instead of the platform's"),
        *_entry("NO_COLOR", "if not empty, no colors are used"),
        ".SH FILES",
        _roff("`voicetrail settings path` prints the paths of the files."),
        ".SH EXIT STATUS",
        *_entry("0", "done"),
        *_entry("1", "an error that the message explains"),
        *_entry("2", "wrong usage"),
        *_entry("130", "ended by Ctrl-C"),
    ]
    return "\n".join(lines) + "\n"


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a command and of its own actions (``settings set``)."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from (each for each in _arguments(inner) if not isinstance(each, argparse._HelpAction))
        else:
            yield action


def _heading(action: argparse.Action) -> str:
    names = ", ".join(rf"\fB{_escaped(name)}\fR" for name in action.option_strings)
    value = "" if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction) else _value(action)
    return " ".join(part for part in (names, rf"\fI{_escaped(value)}\fR" if value else "") if part)


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _help(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default, "prog": "voicetrail"}


def _entry(name: str, text: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_escaped(name)}\fR", _roff(text))


def _paragraphs(text: str) -> Iterator[str]:
    """Format a docstring: paragraphs are filled, and those with indented lines stay as they are."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if re.search(r"^(  |\.\w)", paragraph, re.MULTILINE):
            yield from (".nf", *map(_roff, paragraph.split("\n")), ".fi")
        else:
            yield _roff(" ".join(paragraph.split()))
        yield ".PP"


def _roff(text: str) -> str:
    """Format a line of text, so that roff takes nothing in it for a request."""
    escaped = _escaped(text)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    plain = text.replace("\\", r"\e").replace("-", r"\-")
    return "".join(character if character.isascii() else rf"\[u{ord(character):04X}]" for character in plain)


if __name__ == "__main__":
    output.prepare()
    output.write_line(manual_page(), end="")
