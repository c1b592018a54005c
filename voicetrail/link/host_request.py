"""What `voicetrail ssh` says to a `voicetrail host`: it stands before the command for a shell, which a host does not have.

To any other SSH server it is a command that does nothing (``: voicetrail-game …;``), so that one login does for both: a host reads it
and ignores the rest, a shell runs the rest and ignores it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from voicetrail.link.wire import PROTOCOL

MARK = re.compile(r": voicetrail-game ([A-Za-z0-9_-]{4,12000});")
ARGUMENTS_MAX, ARGUMENT_MAX = 40, 200
"""Options of the game: how many, and how long each may be."""
PATH_MAX = 200
COLORTERM_MAX = 40


@dataclass(frozen=True, slots=True)
class HostRequest:
    """What a visitor asks a host for."""

    content: Literal["sound", "words"]
    """What comes through the reverse forward."""
    socket: str
    """The name of the forward's socket, as ssh's ``-R`` was given it."""
    play: tuple[str, ...] = ()
    """Options of the game."""
    colorterm: str = ""
    protocol: int = PROTOCOL


class HostRequestError(ValueError):
    """A request that a host does not understand."""


def encode_request(request: HostRequest) -> str:
    """The request as the beginning of a command line."""
    said = {
        "protocol": request.protocol,
        "content": request.content,
        "socket": request.socket,
        "play": list(request.play),
        "colorterm": request.colorterm,
    }
    return f": voicetrail-game {base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}; "


def decode_request(command: str) -> HostRequest | None:
    """The request at the beginning of a command line; ``None`` where there is none.

    Raises:
        HostRequestError: there is one that cannot be understood, or goes beyond the bounds.
    """
    found = MARK.match(command)
    if found is None:
        return None
    encoded = found.group(1)
    try:
        said = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise HostRequestError("no request") from None
    match said:
        case {
            "protocol": int(protocol),
            "content": "sound" | "words" as content,
            "socket": str(path),
            "play": list(play),
            "colorterm": str(colorterm),
        }:
            pass
        case _:
            raise HostRequestError("a request that lacks something")
    if len(path) > PATH_MAX or len(colorterm) > COLORTERM_MAX or not _arguments_fit(play):
        raise HostRequestError("a request that is too long")
    return HostRequest(content, path, tuple(play), colorterm, protocol)


def _arguments_fit(play: Sequence[object]) -> bool:
    return len(play) <= ARGUMENTS_MAX and all(
        isinstance(each, str) and len(each) <= ARGUMENT_MAX and (each.isprintable() or not each) for each in play
    )
