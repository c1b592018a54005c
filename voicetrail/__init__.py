"""Draw in the terminal with your voice: say up, down, left, right.

For programmers, ``voicetrail.create(...)`` makes a recognizer without the game. ``voicetrail.api`` is imported on first use, so that
the help of the command line loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicetrail.version import __version__

if TYPE_CHECKING:
    from voicetrail.api import Result, SpeechCommands, Transfer, create, create_transfer, delete_saved, list_saved

__all__ = ["Result", "SpeechCommands", "Transfer", "__version__", "create", "create_transfer", "delete_saved", "list_saved"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from voicetrail import api

        return getattr(api, name)
    raise AttributeError(f"module 'voicetrail' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public API only."""
    return sorted(__all__)
