"""The commands that install a missing package. They work however voicetrail itself was installed."""

from __future__ import annotations

import shlex
import sys

HERE = "run `pipx install .` in a clone of voicetrail"
"""How to install voicetrail itself."""


def pip_command(*packages: str) -> str:
    """The command that installs packages into the environment of this program (a clone's, one of pipx, or any other).

    ``voicetrail[host]`` installs what the extra *host* needs; voicetrail itself is already installed and does not change.
    """
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.join(packages)}"
