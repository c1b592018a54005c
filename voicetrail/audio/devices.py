"""Choosing one of the system's sound inputs. Pure: the list comes in from ``microphone.py``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voicetrail.errors import AudioError
from voicetrail.text import printable

ORDINAL = re.compile(r"(?P<name>.+) #(?P<ordinal>[0-9]{1,3})")
"""A name with which of several of that name it is."""
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


def choose(inputs: Sequence[InputDevice], device: str | None) -> InputDevice | None:
    """Find the input that is asked for.

    Args:
        inputs: what there is.
        device: an index, a whole name, or a part of one (upper and lower case are the same), or a name with which of several
            of that name it is (``lasting_name``); ``None`` or empty for the default.

    Returns:
        The input, or ``None`` where there is none at all to choose from.

    Raises:
        AudioError: it matches none of the inputs, or several; the message lists them.
    """
    if not inputs:
        return None
    if not device:
        return next((each for each in inputs if each.default), inputs[0])
    if device.strip().isdecimal():
        found = [each for each in inputs if each.index == int(device)]
    elif (numbered := ORDINAL.fullmatch(device.strip())) is not None and device not in {each.name for each in inputs}:
        same = [each for each in inputs if each.name.casefold() == numbered["name"].casefold()]
        ordinal = int(numbered["ordinal"])
        if 0 < ordinal <= len(same):
            return same[ordinal - 1]
        if same:
            raise AudioError(
                f"there is no input {printable(device)!r} any more, only {len(same)} of that name: {listing(same)}; "
                "choose again with `voicetrail devices`"
            )
        found = []
    else:
        part = device.strip().casefold()
        found = [each for each in inputs if each.name.casefold() == part]
        found = found or [each for each in inputs if part in each.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise AudioError(f"several inputs match {printable(device)!r}: {listing(found)}; give the number or more of the name")
    raise AudioError(f"no input matches {printable(device)!r}; there are {listing(inputs)}")


def lasting_name(inputs: Sequence[InputDevice], device: InputDevice) -> str:
    """What finds an input again on another day, when its number may be another: its name, or where several have the same name,
    that and which of them it is (``USB Mic #2``).
    """
    same = [each for each in inputs if each.name == device.name]
    # PortAudio lists inputs of one name in the order in which the system found them.
    ordinal = next(number for number, each in enumerate(same, 1) if each.index == device.index)
    return device.name if len(same) == 1 else f"{device.name} #{ordinal}"


def listing(inputs: Sequence[InputDevice]) -> str:
    """The inputs in one line: number and name of each."""
    named = ", ".join(f"{each.index} {each.name}" for each in inputs[:LISTED])
    more = len(inputs) - LISTED
    return f"{named} and {more} more (see `voicetrail devices`)" if more > 0 else named
