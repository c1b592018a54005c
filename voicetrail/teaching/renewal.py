"""Trains the head of a set again, in the background, if the shipped network is not the one that the set was taught on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from voicetrail.errors import VoicetrailError
from voicetrail.spotting.locate import taught_folder
from voicetrail.teaching import word_sets
from voicetrail.text import printable


def renew(name: str, report: Callable[[str, bool], None]) -> threading.Thread | None:
    """Check in a thread whether a set has to be trained again from its takes, and do so; meanwhile, the old set is used.

    Args:
        name: of the weights in use.
        report: called in that thread with a message for the player, and whether the set has changed.

    Returns:
        The thread; ``None`` if the weights are not a taught set.
    """
    if not name or "/" in name or not (taught_folder() / name / word_sets.ABOUT).is_file():
        return None
    thread = threading.Thread(target=_renew, args=(name, report), name="voicetrail-renew", daemon=True)
    thread.start()
    return thread


def _renew(name: str, report: Callable[[str, bool], None]) -> None:
    from voicetrail.teaching.making import remake_if_needed

    try:
        if remake_if_needed(name):
            report(f"{printable(name)} was trained again from its takes, for the network of this version", True)
    except VoicetrailError as error:
        report(f"{printable(name)} still uses the network that it was taught on: {error}", False)
