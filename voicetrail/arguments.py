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

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong with the arguments, and end with code 2."""
        output.write_error(f"{self.format_usage()}{self.prog}: error: {printable(message, LONGEST_ERROR)}")
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> None:
        """Print the help to the standard output."""
        output.write_line(self.format_help(), end="")
