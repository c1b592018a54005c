"""The limits for visitors, with their bounds and flags."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

from voicetrail.errors import UsageError


@dataclass(frozen=True, slots=True)
class VisitorLimits:
    """The limits for visitors of this machine.

    Raises:
        UsageError: a limit is out of bounds.
    """

    visitors: int = 40
    """Maximum number of visitors; others are asked to come back later."""
    per_address: int = 4
    """Maximum number of visitors per address (for IPv6, per /64 network)."""
    idle_s: float = 600.0
    """Time without a key or word after which a visitor's game ends, in s."""
    total_s: float = 3 * 3600.0
    """Maximum length of a visit, in s."""
    login_s: float = 20.0
    """Maximum time from the connection to the start of the game, in s."""
    closing_s: float = 30.0
    """Maximum time for rounds to end when the server closes, in s."""
    recordings_mb: float = 0.0
    """Maximum size of a visitor's recordings, in MB; 0 allows no recordings."""
    memory_mb: int = 1024
    """Maximum address space of a visitor's game, in MB; about a tenth of it is used."""

    def __post_init__(self) -> None:
        for name, (low, high, _) in BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{flag_of(name)} cannot be {value:g}: it takes {low:g} to {high:g}")
        if self.per_address > self.visitors:
            object.__setattr__(self, "per_address", self.visitors)


BOUNDS: dict[str, tuple[float, float, str]] = {
    "visitors": (1, 1000, "maximum number of visitors"),
    "per_address": (1, 1000, "maximum number of visitors per address"),
    "idle_s": (10, 86_400, "seconds without a key or word after which a game ends"),
    "total_s": (30, 7 * 86_400, "maximum length of a visit in seconds"),
    "login_s": (1, 300, "maximum time from the connection to the start of the game, in seconds"),
    "closing_s": (0, 600, "maximum time for rounds to end when the server closes, in seconds"),
    "recordings_mb": (0, 1000, "maximum size of a visitor's recordings in megabytes; 0 allows no recordings"),
    "memory_mb": (256, 65_536, "maximum address space of a visitor's game, in megabytes"),
}
"""Minimum, maximum and help text of each limit."""


def flag_of(name: str) -> str:
    """Return the flag of a limit, such as ``--idle`` for ``idle_s``."""
    return "--" + name.removesuffix("_s").removesuffix("_mb").replace("_", "-")


def add_limit_flags(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each limit."""
    group = parser.add_argument_group("limits")
    for field in fields(VisitorLimits):
        low, high, text = BOUNDS[field.name]
        kind = int if isinstance(field.default, int) else float
        unit = "SECONDS" if field.name.endswith("_s") else "MB" if field.name.endswith("_mb") else "N"
        group.add_argument(
            flag_of(field.name),
            dest=field.name,
            type=kind,
            default=field.default,
            metavar=unit,
            help=f"{text} ({low:g} to {high:g}, default {field.default:g})",
        )


def limits_of(args: argparse.Namespace) -> VisitorLimits:
    """Return the limits from the flags of ``add_limit_flags``.

    Raises:
        UsageError: a limit is out of bounds.
    """
    return VisitorLimits(**{field.name: getattr(args, field.name) for field in fields(VisitorLimits)})
