"""Creates the session of the teaching screen: from existing takes, or for the shipped words."""

from __future__ import annotations

from typing import Any

from textual.app import App

from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting.drafts import list_drafts
from voicetrail.teaching.going_on import extend_set, resume_draft
from voicetrail.teaching.session import PERSONAL_TAKES, TeachingSession
from voicetrail.ui.teaching.ends import take_back
from voicetrail.vocabulary import DEFAULT_VOCABULARY, MEANINGS, VOCABULARIES

PERSONAL = "my voice"
"""Name of the set with the shipped words in the player's voice."""


def open_session(app: App[None], begin: str, makers: dict[str, Any], options: dict[str, Any]) -> TeachingSession | None:
    """Create the session that the screen begins with.

    Args:
        app: in which a training may still run.
        begin: see ``TeachScreen``.
        makers: the functions that train the head and compare takes.
        options: number of takes per word, and length of the recording of the room.

    Returns:
        The session; ``None`` if the player still has to enter name and words.

    Raises:
        TeachingError: the takes do not exist, or they are damaged.
    """
    kind, _, name = begin.partition(":")
    if kind == "draft":
        return take_back(app, name) or resume_draft(name, **makers)
    if kind == "set":
        return extend_set(name, **makers)
    if kind == "personal":
        return _personal(app, makers, options)
    return None


def _personal(app: App[None], makers: dict[str, Any], options: dict[str, Any]) -> TeachingSession:
    """Create the session for the shipped words, with earlier takes if there are any."""
    running = take_back(app, PERSONAL)
    if running is not None:
        return running
    if any(draft.name == PERSONAL for draft in list_drafts()):
        return resume_draft(PERSONAL, **makers)
    if any(info.name == PERSONAL and info.personal and any(info.takes.values()) for info in word_sets.list_sets()):
        return extend_set(PERSONAL, **makers)
    words = {word: MEANINGS.get(word, "") for word in VOCABULARIES[DEFAULT_VOCABULARY]}
    return TeachingSession(PERSONAL, words, personal=True, **{"takes": PERSONAL_TAKES, **options, **makers})
