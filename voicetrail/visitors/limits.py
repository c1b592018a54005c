"""How much visitors may use: one record, with its flags and bounds."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

from voicetrail.errors import UsageError


@dataclass(frozen=True, slots=True)
class VisitorLimits:
    """What visitors may use of this machine.

    Raises:
        UsageError: a limit is out of its bounds.
    """

    visitors: int = 40
    """Visitors at once; a further one is asked to come again later."""
    per_address: int = 4
    """Visitors at once from one address (of IPv6, one network of 64 bits)."""
    idle_s: float = 600.0
    """Seconds without a key or a word after which a visitor's game ends."""
    total_s: float = 3 * 3600.0
    """Seconds that a visitor may stay in all."""
    login_s: float = 20.0
    """Seconds from the connection to the game: handshake and login."""
    closing_s: float = 30.0
    """Seconds that rounds may go on for once the server closes."""
    recordings_mb: float = 0.0
    """Megabytes that a visitor's recordings may take; 0 records nothing."""
    memory_mb: int = 1024
    """Megabytes of address space of a visitor's game, about a tenth of which is ever used."""

    def __post_init__(self) -> None:
        for name, (low, high, _) in BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{flag_of(name)} cannot be {value:g}: it takes {low:g} to {high:g}")
        if self.per_address > self.visitors:
            object.__setattr__(self, "per_address", self.visitors)


BOUNDS: dict[str, tuple[float, float, str]] = {
    "visitors": (1, 1000, "visitors at once"),
    "per_address": (1, 1000, "visitors at once from one address"),
    "idle_s": (10, 86_400, "seconds without a key or a word after which a game ends"),
    "total_s": (30, 7 * 86_400, "seconds that a visitor may stay in all"),
    "login_s": (1, 300, "seconds from the connection to the start of the game"),
    "closing_s": (0, 600, "seconds that a round may go on while the server closes"),
    "recordings_mb": (0, 1000, "megabytes that a visitor's recordings may take; 0 records nothing"),
    "memory_mb": (256, 65_536, "megabytes of address space of a visitor's game"),
}
"""Lowest and highest value of each limit, and its line in the help."""


def flag_of(name: str) -> str:
    """The flag of a limit: ``--idle`` of ``idle_s``."""
    return "--" + name.removesuffix("_s").removesuffix("_mb").replace("_", "-")


def add_limit_flags(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every limit."""
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
    """The limits that the flags of ``add_limit_flags`` gave.

    Raises:
        UsageError: one is out of its bounds.
    """
    return VisitorLimits(**{field.name: getattr(args, field.name) for field in fields(VisitorLimits)})
