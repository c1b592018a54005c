"""The updates of the listening worker. This module is fast to import, because the first paint needs it."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.events import Event


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """A request for a source of sound."""

    spec: str
    device: str | None = None
    fallback: bool = True
    """Whether to play the bundled voice if there is no microphone."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem to show to the player; ``fatal`` if there will be no listening in this session."""

    message: str
    fatal: bool = False
    ends: bool = False
    """Whether the command has to end with the message, because something was explicitly requested and is not available."""


@dataclass(frozen=True, slots=True)
class SourceOpened:
    """A source was opened."""

    name: str


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The recognizer's input at the last hop."""

    bands: tuple[float, ...]
    """The level of each band from the lowest, 0 to 1."""


Update = Event | Problem | SourceOpened | Spectrum
"""Everything that the worker sends."""
