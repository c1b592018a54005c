"""How a missing package is installed: in words that work wherever voicetrail itself came from."""

from __future__ import annotations

import shlex
import sys

HERE = "run `pipx install .` in a clone of voicetrail"
"""How voicetrail itself comes onto a machine."""


def pip_command(*packages: str) -> str:
    """The command that installs packages beside this program: a clone's environment, one of pipx, or any other.

    ``voicetrail[host]`` is what the extra *host* needs: voicetrail itself is there already, and stays as it is.
    """
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.join(packages)}"
