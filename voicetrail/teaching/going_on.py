"""Goes on with takes that are there: those that no set was made of yet, or those of a set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicetrail.teaching.collecting.drafts import load_draft, only_program
from voicetrail.teaching.session import TAKES, TeachingSession


def resume_draft(name: str, *, folder: Path | None = None, **options: Any) -> TeachingSession:
    """Go on with the takes of a draft.

    Args:
        name: of the draft.
        folder: where sets are kept; ``None`` is the usual place.
        options: as ``TeachingSession`` has them.

    Raises:
        TeachingError: there is none of that name, it is damaged, or another program goes on with it.
    """
    with only_program(name, folder) as program_lock:
        draft, examples = load_draft(name, folder)
        meanings = {word: draft.meanings.get(word, "") for word in draft.words}
        of_draft: dict[str, Any] = {"takes": draft.asked_for, "personal": draft.personal, "examples": examples}
        return TeachingSession(name, meanings, **of_draft, folder=folder, program_lock=program_lock, **options)


def extend_set(name: str, *, folder: Path | None = None, **options: Any) -> TeachingSession:
    """Go on with the takes of a set that was made: add some, throw some away, train again.

    Args:
        name: of the set.
        folder: where sets are kept; ``None`` is the usual place.
        options: as ``TeachingSession`` has them.

    Raises:
        TeachingError: there is no such set, it holds no takes, or another program is teaching it.
    """
    from voicetrail.teaching.making import saved_examples
    from voicetrail.teaching.word_sets import read_about, set_folder

    with only_program(name, folder) as program_lock:
        examples, about = saved_examples(name, folder), read_about(set_folder(name, folder))
        meanings = {word: about.meanings.get(word, "") for word in examples.words}
        least = min(examples.counts().values(), default=TAKES)
        of_set: dict[str, Any] = {"takes": least, "personal": about.personal, "examples": examples}
        return TeachingSession(name, meanings, **of_set, folder=folder, program_lock=program_lock, **options)
