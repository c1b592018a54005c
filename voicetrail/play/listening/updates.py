"""What the listening worker sends. Light to import: the screen is painted before anything that listens is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.events import Event


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """Where sound is to come from."""

    spec: str
    device: str | None = None
    fallback: bool = True
    """Play the bundled voice when there is no microphone."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the player should read: ``fatal`` when nothing will be heard in this session."""

    message: str
    fatal: bool = False
    ends: bool = False
    """What was asked for in so many words cannot be had: the command ends with the message."""


@dataclass(frozen=True, slots=True)
class SourceOpened:
    """A source was opened."""

    name: str


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What the recognizer saw of the last hop."""

    bands: tuple[float, ...]
    """The level of each band from the lowest, between 0 and 1."""


Update = Event | Problem | SourceOpened | Spectrum
"""Whatever the worker sends."""
