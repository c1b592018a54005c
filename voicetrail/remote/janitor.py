"""Cleans up after a program that was killed and could not do so itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import termios
import time
from typing import Any

RESET = (
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    "\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2048l\x1b[<u\x1b[>4;0m"  # focus, paste, synchronized output, sizes, keys
    "\x1b[0m\x1b[?25h\x1b[?1049l\r"  # colors, cursor, the screen from before
)
"""Resets every terminal mode that a killed full-screen program may have left on."""
ENDS_WITHIN_S = 2.0
"""Seconds that a process is given to end by itself."""


class Janitor:
    """A second process that waits until this one ends, and then removes files, restores the terminal and ends processes.

    Start it before any thread. Call ``dismiss`` when this process has cleaned up itself.
    """

    def __init__(self) -> None:
        self.terminal = terminal_state()
        reading, self._pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            # In the child: nothing of the program may run here, whatever happens.
            try:
                os.close(self._pipe)
                _wait_and_clean(reading, self.terminal)
            finally:
                os._exit(0)
        os.close(reading)

    def remove(self, folder: str) -> None:
        """Remember a folder to remove."""
        self._say(f"folder {folder}")

    def end(self, pid: int) -> None:
        """Remember a process to end; 0 for none."""
        self._say(f"process {pid}")

    def restore(self) -> None:
        """Restore the terminal to its initial state now."""
        restore_terminal(self.terminal)

    def dismiss(self) -> None:
        """Nothing is left to clean up."""
        self._say("done")
        with contextlib.suppress(OSError):
            os.close(self._pipe)
            os.waitpid(self._pid, 0)

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._pipe, f"{line}\n".encode())


def terminal_state() -> tuple[int, list[Any]] | None:
    """The terminal, as a descriptor of its own, and its modes; ``None`` where there is none."""
    try:
        descriptor = os.dup(sys.stdin.fileno())
        os.set_inheritable(descriptor, False)
        return descriptor, termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        return None


def restore_terminal(state: tuple[int, list[Any]] | None) -> None:
    """Switch off a full-screen program's modes, and restore those of the terminal's input."""
    if state is None:
        return
    with contextlib.suppress(OSError, termios.error):
        termios.tcsetattr(state[0], termios.TCSADRAIN, state[1])
        os.write(state[0], RESET.encode())


def _wait_and_clean(pipe: int, terminal: tuple[int, list[Any]] | None) -> None:
    os.setsid()  # a signal to the program's terminal or process group must not end this process
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    with os.fdopen(pipe, "r") as lines:
        orders = [line.rstrip("\n").partition(" ") for line in lines]
    if not any(what == "done" for what, _, _ in orders):
        _end_and_restore(orders, terminal)
    for what, _, value in orders:
        if what == "folder":
            shutil.rmtree(value, ignore_errors=True)


def _end_and_restore(orders: list[tuple[str, str, str]], terminal: tuple[int, list[Any]] | None) -> None:
    process = next((int(value) for what, _, value in reversed(orders) if what == "process"), 0)
    if process:
        end_process(process)
    restore_terminal(terminal)


def end_process(pid: int) -> None:
    """End a process that may not be a child of this one: first with a request, then by force."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGHUP)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < deadline:
            time.sleep(0.02)
            os.kill(pid, 0)
        os.kill(pid, signal.SIGKILL)
