"""Where the teaching screen begins: with nothing, with takes that are there, or with the shipped words."""

from __future__ import annotations

from typing import Any

from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting.drafts import list_drafts
from voicetrail.teaching.session import PERSONAL_TAKES, TeachingSession
from voicetrail.ui.teaching.ends import take_back
from voicetrail.vocabulary import DEFAULT_VOCABULARY, MEANINGS, VOCABULARIES

PERSONAL = "my voice"
"""The name of the shipped words in one's own voice."""


def open_session(begin: str, makers: dict[str, Any], options: dict[str, Any]) -> TeachingSession | None:
    """Make the session that the screen begins with.

    Args:
        begin: as ``TeachScreen`` has it.
        makers: of the head, and of the comparison of takes.
        options: how often each word is asked for, and for how long the room is recorded.

    Returns:
        The session; ``None`` where name and words are still to be asked for.

    Raises:
        TeachingError: there are no such takes, or they are damaged.
    """
    kind, _, name = begin.partition(":")
    if kind == "draft":
        return take_back(name) or TeachingSession.resume(name, **makers)
    if kind == "set":
        return TeachingSession.extend(name, **makers)
    if kind == "personal":
        return _personal(makers, options)
    return None


def _personal(makers: dict[str, Any], options: dict[str, Any]) -> TeachingSession:
    """The shipped words: with the takes that were said before, if there are any."""
    running = take_back(PERSONAL)
    if running is not None:
        return running
    if any(draft.name == PERSONAL for draft in list_drafts()):
        return TeachingSession.resume(PERSONAL, **makers)
    if any(info.name == PERSONAL and info.personal and any(info.takes.values()) for info in word_sets.list_sets()):
        return TeachingSession.extend(PERSONAL, **makers)
    words = {word: MEANINGS.get(word, "") for word in VOCABULARIES[DEFAULT_VOCABULARY]}
    return TeachingSession(PERSONAL, words, personal=True, **{"takes": PERSONAL_TAKES, **options, **makers})
