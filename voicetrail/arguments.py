"""The parser of every command line: argparse, writing through ``voicetrail.output``."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from voicetrail import output
from voicetrail.text import printable

LONGEST_ERROR = 1000
"""Most characters of an error message; a glob can put thousands of file names into one."""


class Parser(argparse.ArgumentParser):
    """A parser that prints its help and errors through ``voicetrail.output``, since an argument may hold control characters."""

    rest: str | None = None
    """Attribute that receives the remaining words, starting with the first that is not a long option of this parser
(``voicetrail ssh -F FILE host``); ``None``: parse as usual."""

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
        """How many words an option of this parser takes, itself included; 0 if the word is not such an option."""
        if word == "-h":
            return 1
        name, is_equal, _ = word.partition("=")
        action = self._option_string_actions.get(name) if name.startswith("--") else None
        if action is None:
            return 0
        return 1 if is_equal or action.nargs == 0 else 2

    def error(self, message: str) -> NoReturn:
        """Print one line that says what is wrong with the arguments and where they are explained, then exit with code 2."""
        # No usage text: with a flag for every setting it fills a screen, and the error would be lost below it.
        output.write_error(f"{self.prog}: error: {printable(message, LONGEST_ERROR)}; see `{self.prog} --help`")
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> None:
        """Print the help to the standard output."""
        output.write_line(self.format_help(), end="")
