"""The home folders of visitors: each game has its own one, which is removed at the end of the visit.

A server has one folder for all homes. A lock in it shows that the server is running; the next server removes the folders of a killed
one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from voicetrail.atomic import PRIVATE_FOLDER, make_private_folder
from voicetrail.errors import VoicetrailError
from voicetrail.text import printable

PREFIX = "voicetrail-visitors-"
LOCK = "lock"
FOLDERS = {
    "XDG_CONFIG_HOME": "config",
    "XDG_STATE_HOME": "state",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_RUNTIME_DIR": "run",
    "TMPDIR": "tmp",
}
"""Folders of a home by the environment variable with their path."""
OF_A_VISIT = ("XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR")
"""Variables of folders that are always removed at the end of a visit."""
HANDED_ON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""The only variables of this process that a game inherits: for the location of the program, and for character encoding."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that limit numeric libraries to one thread; otherwise they start a thread per core in every game."""


class VisitorHome:
    """The folders of a visitor.

    Args:
        path: the home; created with its folders, and accessible only to this user.
        visit: folder for temporary files of this visit; ``None``: in the home. The path of a permanent home may be too long for
            sockets.
        on_removed: called at the end of the visit.

    Raises:
        OSError: a folder cannot be created.
    """

    def __init__(self, path: Path, *, visit: Path | None = None, on_removed: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self._visit = visit or path
        self._on_removed = on_removed
        self._folders = {name: (self._visit if name in OF_A_VISIT else path) / folder for name, folder in FOLDERS.items()}
        for folder in (path, self._visit, *self._folders.values()):
            make_private_folder(folder)
            folder.chmod(PRIVATE_FOLDER)

    @property
    def run(self) -> Path:
        """The folder for sockets."""
        return self._folders["XDG_RUNTIME_DIR"]

    def environment(self, *, term: str, colorterm: str = "", **further: str) -> dict[str, str]:
        """Return the complete environment of the visitor's game.

        Args:
            term: checked value of ``TERM``.
            colorterm: checked value of ``COLORTERM``.
            further: additional variables.
        """
        environment = {name: os.environ[name] for name in HANDED_ON if os.environ.get(name)}
        if "utf" not in f"{environment.get('LC_ALL') or environment.get('LC_CTYPE') or environment.get('LANG')}".lower():
            environment |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        environment |= {name: str(folder) for name, folder in self._folders.items()}
        environment |= dict.fromkeys(ONE_THREAD, "1")
        environment |= {
            "HOME": str(self.path),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")),
            "TERM": term,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if colorterm:
            environment["COLORTERM"] = colorterm
        return environment | further

    def remove(self) -> None:
        """Remove the home; of a permanent home only the temporary files of this visit."""
        shutil.rmtree(self._visit, ignore_errors=True)
        self._on_removed()

    @property
    def size(self) -> int:
        """Return the total size of the files, in bytes."""
        total = 0
        for folder, _, files in os.walk(self.path):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total


class VisitorHomes:
    """Creates homes for the visitors of a server.

    Args:
        permanent_in: folder of permanent homes; ``None``: there are none.
        parent: parent of the folder for temporary homes; ``None`` uses the system's temporary folder.

    Raises:
        VoicetrailError: a folder cannot be created.
    """

    def __init__(self, *, permanent_in: Path | None = None, parent: Path | None = None) -> None:
        self._permanent_in = permanent_in
        self._in_use = set[str]()
        where = Path(tempfile.gettempdir()) if parent is None else parent
        try:
            remove_abandoned(where)
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
            self._lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if permanent_in is not None:
                make_private_folder(permanent_in)
        except OSError as error:
            raise VoicetrailError(f"the folder for visitors cannot be created ({printable(error)})") from None

    def make(self, number: int, *, keep_as: str = "") -> VisitorHome:
        """Create a visitor's home.

        Args:
            number: number of the visit.
            keep_as: name of the visitor's permanent home, in letters and digits that nobody can choose, such as a key's fingerprint.
                The home is temporary if this is empty, if there are no permanent homes, or if the visitor is already playing.
        """
        visit = self.folder / f"{number}"
        if not keep_as or self._permanent_in is None or keep_as in self._in_use:
            return VisitorHome(visit)
        if not keep_as.isalnum() or not keep_as.isascii():
            raise ValueError("the name of a permanent home must have only letters and digits")
        self._in_use.add(keep_as)
        return VisitorHome(self._permanent_in / keep_as, visit=visit, on_removed=lambda: self._in_use.discard(keep_as))

    def close(self) -> None:
        """Remove all temporary homes; safe to call twice."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> VisitorHomes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove_abandoned(where: Path) -> None:
    """Remove this user's folders of servers that no longer run, which have a free lock."""
    with os.scandir(where) as entries:
        found = [entry for entry in entries if entry.name.startswith(PREFIX)]
    for entry in found:
        with contextlib.suppress(OSError):
            about = entry.stat(follow_symlinks=False)
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                continue
            lock = os.open(os.path.join(entry.path, LOCK), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(entry.path, ignore_errors=True)
            finally:
                os.close(lock)


def game_command(*arguments: str) -> list[str]:
    """Return the command line for a visitor's game."""
    return [sys.executable, "-m", "voicetrail", *arguments]
