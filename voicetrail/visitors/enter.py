"""Run by path, without an import of this package: sets the controlling terminal and the limits, and becomes the game.

    python -I -S enter.py MEMORY-BYTES FILE-BYTES PROGRAM ARGUMENTS…

This cannot be done between fork and exec, because in a process with threads code there may wait for a lock forever.
"""

import contextlib
import fcntl
import os
import resource
import sys
import termios

FILES = 128
"""Maximum number of open files of a game."""
SESSION_NICER = 10
"""Nice value of the game's session as a whole, see sched(7), "The autogroup feature"."""
NICER = 5
"""Nice value of a game, because the server and the recognizer serve everybody and have priority."""


def limit(what: int, most: int) -> None:
    """Set a resource limit, unless a lower one is already set."""
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(OSError, ValueError):  # a system without this limit
        resource.setrlimit(what, (most, most))


def prepare(memory: int, file: int) -> None:
    """Take the terminal at descriptor 0, and set the limits of this process, which leads a session.

    Args:
        memory: maximum address space, in bytes.
        file: maximum size of a written file, in bytes.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.nice(NICER)
    # Linux may divide processor time among sessions first: sixty games are sixty sessions, and the host is only one.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as weight:
        weight.write(str(SESSION_NICER))
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, FILES)
    limit(resource.RLIMIT_FSIZE, file)
    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, memory)


def main() -> None:
    """Prepare, and execute the program."""
    memory, file, program, *arguments = sys.argv[1:]
    prepare(int(memory), int(file))
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
