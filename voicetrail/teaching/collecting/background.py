"""Saves takes to the disk and compares them with each other, in a background thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.teaching.collecting.drafts import Draft, delete_draft, save_draft
from voicetrail.teaching.examples import ExampleSet

Judge = Callable[[ExampleSet], None]
"""Marks the takes of a set that are unlike the others of their word."""


class BackgroundSaver:
    """Runs a thread whenever takes were added or removed.

    Args:
        look: returns what to save: the description of the set, and a copy of its takes.
        judge: compares takes; ``None`` uses ``collecting.likeness``, which imports torch in the thread.
        folder: the folder of all sets; ``None`` for the default.
    """

    def __init__(self, look: Callable[[], tuple[Draft, ExampleSet]], judge: Judge | None, folder: Path | None) -> None:
        self._look = look
        self._judge = judge
        self._folder = folder
        self._disk = threading.Lock()
        """Held while the draft is written or deleted."""
        self._running = threading.Lock()
        """Held while it is decided whether the thread runs."""
        self._dirty = False
        """Takes were added or removed since they were last compared."""
        self._unsaved = False
        """They were added or removed since they were last kept."""
        self._untried = False
        """They were added or removed since somebody last tried to keep them."""
        self._over = False
        self._thread: threading.Thread | None = None
        self.unlike: frozenset[bytes] = frozenset()
        """Fingerprints of takes that are unlike the others of their word."""
        self.like_other: frozenset[bytes] = frozenset()
        """The same of takes that are more like those of another word."""
        self.problem = ""
        """Why takes cannot be kept on the disk; empty while they can."""

    def changed(self) -> None:
        """Note that takes were added or removed."""
        self._unsaved, self._untried, self._over = True, True, False
        self.compare()

    def compare(self) -> None:
        """Compare the takes, which are kept already."""
        with self._running:
            self._dirty = True
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="voicetrail-takes", daemon=True)
                self._thread.start()

    def settle(self) -> None:
        """Save everything now; whether it succeeds or not, nothing more is written until takes are added or removed."""
        with self._disk:
            if self._unsaved:
                self._save()

    def finish(self) -> None:
        """Delete the draft, because the finished set contains the takes.

        Raises:
            TeachingError: it cannot be deleted.
        """
        name = self._look()[0].name
        with self._disk:
            self._over, self._dirty, self._unsaved, self._untried, self.problem = True, False, False, False, ""
            delete_draft(name, self._folder)

    def _run(self) -> None:
        while self._goes_on():
            with self._disk:
                if self._untried:
                    self._save()
            examples = self._look()[1]
            try:
                self._compare(examples)
            except VoicetrailError:
                continue  # there are no negatives for this backbone; the training will report it
            self.unlike, self.like_other = examples.unlike, examples.like_other

    def _goes_on(self) -> bool:
        """Whether takes have changed since the thread last looked; if not, the thread ends."""
        with self._running:
            goes_on, self._dirty = self._dirty, False
            if not goes_on:
                self._thread = None
            return goes_on

    def _save(self) -> None:
        """Write the draft; the lock ``_disk`` is held, so that what is written last is the newest."""
        if self._over:
            return
        self._unsaved = self._untried = False
        draft, examples = self._look()
        try:
            if draft.takes:
                save_draft(draft, examples, self._folder)
            else:
                delete_draft(draft.name, self._folder)
            self.problem = ""
        except TeachingError as error:
            self._unsaved, self.problem = True, str(error)

    def _compare(self, examples: ExampleSet) -> None:
        if self._judge is None:
            from voicetrail.teaching.collecting.likeness import shared

            self._judge = shared().mark
        self._judge(examples)
