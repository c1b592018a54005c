"""The folders of visitors: each game has its own home, which is removed when the visitor leaves.

A server has one folder for all of them. Its lock shows that the server runs; the next server removes what a killed one left
behind.
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
"""Folders of a home by the variable that names them."""
OF_A_VISIT = ("XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR")
"""Those that never stay."""
HANDED_ON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""Variables of this process that a game gets too: where its program is, and the language of characters. No others."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Numeric libraries would start a thread per core in every game."""


class VisitorHome:
    """One visitor's folders.

    Args:
        path: the home; made, with everything in it, for this user alone.
        visit: where what is for this visit alone lies; in the home if not given. A home that stays may have a path too long for
            sockets.
        on_removed: called when the visitor has left.

    Raises:
        OSError: it cannot be made.
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
        """The whole environment of the visitor's game.

        Args:
            term: ``TERM``, checked.
            colorterm: ``COLORTERM``, checked.
            further: more variables.
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
        """Remove it with everything in it; of one that stays, what was for this visit alone."""
        shutil.rmtree(self._visit, ignore_errors=True)
        self._on_removed()

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        total = 0
        for folder, _, files in os.walk(self.path):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total


class VisitorHomes:
    """Makes homes for the visitors of one server.

    Args:
        permanent_in: where the homes lie that stay; ``None`` keeps none.
        parent: where the folder of those that do not stay is made; the system's for temporary files if not given.

    Raises:
        VoicetrailError: a folder cannot be made.
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
            raise VoicetrailError(f"no folder for visitors can be made ({printable(error)})") from None

    def make(self, number: int, *, keep_as: str = "") -> VisitorHome:
        """Make a visitor's home.

        Args:
            number: the visit's.
            keep_as: the name of the folder that is the visitor's again next time: letters and digits that nobody can choose, as those
                of a key's fingerprint. Empty, or where nothing is kept, or while the visitor is here already: a new home, which is
                removed.
        """
        visit = self.folder / f"{number}"
        if not keep_as or self._permanent_in is None or keep_as in self._in_use:
            return VisitorHome(visit)
        if not keep_as.isalnum() or not keep_as.isascii():
            raise ValueError("the name of a kept home has letters and digits only")
        self._in_use.add(keep_as)
        return VisitorHome(self._permanent_in / keep_as, visit=visit, on_removed=lambda: self._in_use.discard(keep_as))

    def close(self) -> None:
        """Remove every home that does not stay; safe to call twice."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> VisitorHomes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove_abandoned(where: Path) -> None:
    """Remove folders of servers that no longer run: those of this user whose lock is free."""
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
    """The command line of this voicetrail, for a game that visitors play."""
    return [sys.executable, "-m", "voicetrail", *arguments]
