"""Print a script that makes your shell complete voicetrail's commands, flags and files.

Install it once:

  voicetrail completion bash > ~/.local/share/bash-completion/completions/voicetrail
  voicetrail completion zsh > ~/.zfunc/_voicetrail        (or another folder in $fpath)
  voicetrail completion fish > ~/.config/fish/completions/voicetrail.fish
"""

from __future__ import annotations

import argparse

from voicetrail import output

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail completion``."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to print the script for")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from voicetrail.manual import completion

    output.write_line(completion(args.shell))
    return 0
