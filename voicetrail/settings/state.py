"""Saves changes made with keys to the state file, without making the game wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from voicetrail.errors import SettingsError
from voicetrail.settings.files import change_state
from voicetrail.settings.schema import Value


class StateWriter:
    """Writes changes to a state file, either directly or in a thread that combines pending changes.

    Args:
        path: the state file.
        background: write in a thread, so that a key press never waits for the disk. A crash loses at most the changes that were
            being written.
    """

    def __init__(self, path: Path, *, background: bool = False) -> None:
        self.path = path
        self.background = background
        self.on_problem: Callable[[str], None] | None = None
        """Called in the writing thread with a message if a file cannot be written."""
        self._pending: dict[str, Value | None] = {}
        self._jobs: list[Callable[[], None]] = []
        self._condition = threading.Condition()
        self._writing = False
        self._thread: threading.Thread | None = None

    def keep(self, changes: Mapping[str, Value | None]) -> None:
        """Write changes; ``None`` removes an entry.

        Raises:
            SettingsError: the file cannot be written (only when not in the background).
        """
        if not self.background:
            if problem := self._write(changes):
                raise SettingsError(problem)
            return
        with self._condition:
            for name, value in changes.items():
                # A change of a whole setting replaces pending changes of its single words, and precedes later ones.
                for waiting in [entry for entry in self._pending if entry == name or entry.startswith(f"{name}.")]:
                    del self._pending[waiting]
                self._pending[name] = value
            self._wake()

    def run(self, job: Callable[[], None]) -> None:
        """Run a function that writes another file, in the thread if there is one.

        Raises:
            SettingsError: the job raised it (only when not in the background).
        """
        if not self.background:
            job()
            return
        with self._condition:
            self._jobs.append(job)
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="voicetrail-state", daemon=True)
            self._thread.start()
        self._condition.notify_all()

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until everything is written; return ``False`` if that takes longer than ``timeout`` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: not (self._pending or self._jobs or self._writing), timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """Like ``flush``, then end the thread. A later change starts another one."""
        written = self.flush(timeout)
        with self._condition:
            thread, self._thread = self._thread, None
            self._condition.notify_all()
        if written and thread is not None:
            thread.join(timeout)
        return written

    def _run(self) -> None:
        mine = threading.current_thread()
        while True:
            with self._condition:
                self._condition.wait_for(lambda: bool(self._pending or self._jobs) or self._thread is not mine)
                if not (self._pending or self._jobs):
                    return
                changes, self._pending, self._writing = self._pending, {}, True
                jobs, self._jobs = self._jobs, []
            try:
                for job in jobs:
                    self._report(_problem_of(job))
                if changes:
                    self._report(self._write(changes))
            finally:
                with self._condition:
                    self._writing = False
                    self._condition.notify_all()

    def _report(self, problem: str) -> None:
        if problem and self.on_problem is not None:
            self.on_problem(problem)

    def _write(self, changes: Mapping[str, Value | None]) -> str:
        try:
            change_state(self.path, changes)
        except OSError as error:
            return f"applies for now but cannot be saved in {self.path}: {error.strerror or error}"
        return ""


def _problem_of(job: Callable[[], None]) -> str:
    try:
        job()
    except SettingsError as error:
        return str(error)
    return ""
