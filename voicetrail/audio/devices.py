"""Choosing one of the system's sound inputs. Pure: the list comes in from ``microphone.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicetrail.errors import AudioError
from voicetrail.text import printable

LISTED = 6
"""Most inputs that an error message names."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """One sound input of the system."""

    index: int
    """PortAudio's number of the device; may change when devices come and go."""
    name: str
    """The device's name, safe to show."""
    default: bool
    """The system takes this one when none is asked for."""
    rate: int
    """Samples a second that the device prefers."""
    channels: int
    """Most channels it records."""


def choose(inputs: Sequence[InputDevice], wanted: str | None) -> InputDevice | None:
    """Find the input that is asked for.

    Args:
        inputs: what there is.
        wanted: an index, a whole name, or a part of one (upper and lower case are the same); ``None`` or empty for the default.

    Returns:
        The input, or ``None`` where there is none at all to choose from.

    Raises:
        AudioError: it matches none of the inputs, or several; the message lists them.
    """
    if not inputs:
        return None
    if not wanted:
        return next((each for each in inputs if each.default), inputs[0])
    if wanted.strip().isdecimal():
        found = [each for each in inputs if each.index == int(wanted)]
    else:
        part = wanted.strip().casefold()
        found = [each for each in inputs if each.name.casefold() == part]
        found = found or [each for each in inputs if part in each.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise AudioError(
            f"several inputs are called like {printable(wanted)!r}: {listing(found)}; give the number or more of the name"
        )
    raise AudioError(f"no input matches {printable(wanted)!r}; there are {listing(inputs)}")


def listing(inputs: Sequence[InputDevice]) -> str:
    """The inputs in one line: number and name of each."""
    named = ", ".join(f"{each.index} {each.name}" for each in inputs[:LISTED])
    more = len(inputs) - LISTED
    return f"{named} and {more} more (see `voicetrail devices`)" if more > 0 else named
