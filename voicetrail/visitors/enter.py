"""Run by path, without importing this package: makes the terminal the controlling one, sets limits, and becomes the game.

    python -I -S enter.py MEMORY-BYTES FILE-BYTES PROGRAM ARGUMENTS…

(Between fork and exec it cannot be done: code that runs there, in a process with threads, may wait for a lock for ever.)
"""

import contextlib
import fcntl
import os
import resource
import sys
import termios

FILES = 128
"""Files that a game may have open."""
SESSION_NICER = 10
"""The same for its session as a whole, see sched(7), "The autogroup feature"."""
NICER = 5
"""Niceness of a game: the server and the recognizer, which serve everybody, come first."""


def limit(what: int, most: int) -> None:
    """Set a limit, or leave a lower one."""
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(OSError, ValueError):  # a system that does not know it
        resource.setrlimit(what, (most, most))


def prepare(memory: int, file: int) -> None:
    """Take the terminal at descriptor 0, and limit what this process, the leader of a session, may use.

    Args:
        memory: bytes of address space.
        file: bytes of any file that it writes.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.nice(NICER)
    # Linux may share the processor among sessions before it looks at processes: sixty games are as many sessions, the host is one.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as weight:
        weight.write(str(SESSION_NICER))
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, FILES)
    limit(resource.RLIMIT_FSIZE, file)
    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, memory)


def main() -> None:
    """Prepare, and become the program."""
    memory, file, program, *arguments = sys.argv[1:]
    prepare(int(memory), int(file))
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
