"""Makes a set's head again behind the game where the network that ships is another than the one that the set was taught on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from voicetrail.errors import VoicetrailError
from voicetrail.spotting.locate import taught_folder
from voicetrail.teaching import word_sets
from voicetrail.text import printable


def renew(name: str, report: Callable[[str, bool], None]) -> threading.Thread | None:
    """Look in a thread whether a set has to be made again from its takes, and make it; meanwhile it plays as it did.

    Args:
        name: of the weights that are played with.
        report: is given, in that thread, what the player should read, and whether the set is another now.

    Returns:
        The thread; ``None`` where the weights are no taught set.
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
            report(f"{printable(name)} was made again from its takes, for the network of this version", True)
    except VoicetrailError as error:
        report(f"{printable(name)} plays as it was taught: {error}", False)
