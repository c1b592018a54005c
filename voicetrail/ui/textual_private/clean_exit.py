"""An app that ends with one line: the traceback of an internal error goes to a file and not to the player's terminal."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from textual.app import App

from voicetrail.play.crash_log import write_crash_log
from voicetrail.ui.textual_private.driver import HangupSafeDriver, terminal_is_gone


class CleanExitApp(App[None]):
    """Stores the reason why it ended, for its caller."""

    def __init__(self) -> None:
        super().__init__(driver_class=HangupSafeDriver)
        self.failure: BaseException | None = None
        """The error that ended the app; set after its end."""
        self.log_path: Path | None = None
        """The file with its traceback."""
        self._input_error: BaseException | None = None
        self.ended_by: signal.Signals | None = None
        """The signal that ended the app."""

    def end_by(self, number: signal.Signals) -> None:
        """End the app because of a signal."""
        self.ended_by = number
        self.exit(return_code=128 + number)

    def input_failed(self, error: BaseException) -> None:
        """Handle an error in the thread that reads keys."""
        if self.ended_by is None and not self.is_headless and terminal_is_gone():
            self.end_by(signal.SIGHUP)
        else:
            self._input_error = error
            self._fatal_error()

    def _fatal_error(self) -> None:
        self.failure = self._input_error or sys.exc_info()[1] or self._exception
        self.log_path = write_crash_log(self.failure)
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """End as for any other internal error: with one line and no rendered traceback."""
        if self.ended_by is not None:
            return
        if not self.is_headless and terminal_is_gone():
            # The thread that reads keys may notice a lost terminal before the signal arrives.
            self.end_by(signal.SIGHUP)
        else:
            self._fatal_error()
