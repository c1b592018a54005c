"""The parser of every command line: argparse, writing through ``voicetrail.output``."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from voicetrail import output
from voicetrail.text import printable

LONGEST_ERROR = 1000
"""Characters of an error; a glob can put thousands of file names into one."""


class Parser(argparse.ArgumentParser):
    """A parser whose help and errors go out by the one way to print: an argument may hold anything."""

    rest: str | None = None
    """Where everything is kept from the first word on that is none of this parser's long options (``voicetrail ssh -F FILE host``)."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; see ``argparse.ArgumentParser``."""
        if self.rest is None or args is None:
            return super().parse_args(args, namespace)
        words, own = list(args), 0
        while own < len(words) and (taken := self._length_of_own(words[own])):
            own += taken
        parsed = super().parse_args(words[:own], namespace)
        setattr(parsed, self.rest, words[own:])
        return parsed

    def _length_of_own(self, word: str) -> int:
        """How many words one of this parser's own options takes, 0 where it is none."""
        if word == "-h":
            return 1
        name, is_equal, _ = word.partition("=")
        action = self._option_string_actions.get(name) if name.startswith("--") else None
        if action is None:
            return 0
        return 1 if is_equal or action.nargs == 0 else 2

    def error(self, message: str) -> NoReturn:
        """Print in one line what is wrong with the arguments and where they are explained, and end with code 2."""
        # The usage of a command with a flag for every setting is a screenful: the error would be lost below it.
        output.write_error(f"{self.prog}: error: {printable(message, LONGEST_ERROR)}; see `{self.prog} --help`")
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> None:
        """Print the help to the standard output."""
        output.write_line(self.format_help(), end="")
