"""Chooses one of the system's sound inputs. Pure: ``microphone.py`` passes in the list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voicetrail.errors import AudioError
from voicetrail.text import printable

ORDINAL = re.compile(r"(?P<name>.+) #(?P<ordinal>[0-9]{1,3})")
"""A name with a number that distinguishes several inputs with the same name."""
ALSA_DEFAULT, DEFAULT_MICROPHONE = "default", "the default microphone"
"""ALSA's name for whichever input the system has chosen, and what a player reads instead."""
LISTED = 6
"""Most inputs listed in an error message."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """One sound input of the system."""

    index: int
    """PortAudio's number of the device; it may change when devices are connected or disconnected."""
    name: str
    """The device's name, safe to show; ``--device`` takes it."""
    default: bool
    """Whether this is the system's default."""
    rate: int
    """The device's preferred rate, in samples per second."""
    channels: int
    """The device's number of channels."""

    @property
    def shown(self) -> str:
        """The name for a sentence to the player: ALSA's device ``default`` would not be understood as one."""
        return DEFAULT_MICROPHONE if self.name == ALSA_DEFAULT else self.name


def choose(inputs: Sequence[InputDevice], device: str | None) -> InputDevice | None:
    """Find the requested input.

    Args:
        inputs: the available inputs.
        device: an index, a name, part of a name (ignoring case), or a numbered name (``lasting_name``); ``None`` or empty for the
            default.

    Returns:
        The input, or ``None`` if there are no inputs.

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
                f"there is no input {printable(device)!r}; there are only {len(same)} with that name: {listing(same)}; "
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
        raise AudioError(f"several inputs match {printable(device)!r}: {listing(found)}; give a number, or more of the name")
    raise AudioError(f"no input matches {printable(device)!r}; the inputs are {listing(inputs)}")


def lasting_name(inputs: Sequence[InputDevice], device: InputDevice) -> str:
    """A name that identifies an input in later sessions, when its index may differ. Inputs with the same name are numbered (``USB
    Mic #2``).
    """
    same = [each for each in inputs if each.name == device.name]
    # PortAudio lists inputs with the same name in the order in which the system found them.
    ordinal = next(number for number, each in enumerate(same, 1) if each.index == device.index)
    return device.name if len(same) == 1 else f"{device.name} #{ordinal}"


def listing(inputs: Sequence[InputDevice]) -> str:
    """The inputs on one line, each with its index and name."""
    named = ", ".join(f"{each.index} {each.name}" for each in inputs[:LISTED])
    more = len(inputs) - LISTED
    return f"{named} and {more} more (see `voicetrail devices`)" if more > 0 else named
