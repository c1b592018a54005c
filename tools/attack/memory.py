"""How much memory this process has used."""

from __future__ import annotations

import resource
import sys


def peak_mb() -> float:
    """The largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
