from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.atomic import close_to_others, file_lock, make_private_folder, read_file, replace_file, replacing


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_replaced_file_has_the_new_content_and_no_leftovers(contents: list[bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for content in contents:
            replace_file(path, content)
            assert read_file(path, 1000) == content
        assert os.listdir(folder) == ["file"]


def test_files_and_folders_are_private_with_any_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "new" / "newer" / "file"
    replace_file(path, "voice")
    with file_lock(path):
        pass
    assert mode(path) == 0o600
    assert mode(path.with_name(".file.lock")) == 0o600
    assert mode(path.parent) == mode(path.parent.parent) == 0o700
    path.chmod(0o644)
    replace_file(path, "voice")
    assert mode(path) == 0o600
    replace_file(path, "weights", mode=0o644)
    assert mode(path) == 0o644


def test_link_and_mode_are_preserved_on_request(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    replace_file(link, "new", mode=None)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert mode(real) == 0o640


def test_leftovers_of_killed_writers_are_removed_but_not_active_writes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    left = tmp_path / ".file.abc.tmp"
    left.write_text("half")
    with replacing(path) as slow:
        assert not left.exists()
        slow.write(b"slow")
        replace_file(path, "quick")
        assert path.read_bytes() == b"quick"
    assert path.read_bytes() == b"slow"
    assert os.listdir(tmp_path) == ["file"]


def test_full_disk_leaves_only_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    replace_file(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_content_is_synced_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, rename = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_rename(old: Path, new: Path) -> None:
        calls.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_rename)
    replace_file(tmp_path / "file", "new")
    assert calls == ["file", "rename", "folder"]


@pytest.mark.e2e
def test_killed_writer_leaves_old_or_new_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, "0" * 5000)
    for _ in range(20):
        child = os.fork()
        if child == 0:
            number = 0
            while True:
                number += 1
                replace_file(path, str(number % 10) * 5000)
        time.sleep(0.004)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert len(set(path.read_text())) == 1
        assert path.stat().st_size == 5000
    replace_file(path, "last")
    assert os.listdir(tmp_path) == ["file"]


@pytest.fixture(params=["fifo", "socket", "folder", "device"])
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "special"
    match request.param:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
                yield path
                return
        case "folder":
            path.mkdir()
        case "device":
            path = Path("/dev/null")
    yield path


@pytest.mark.timeout(5)
def test_only_regular_files_are_read_and_replaced(special: Path) -> None:
    before = special.stat()
    for attempt in (lambda: read_file(special, 10), lambda: replace_file(special, "new")):
        with pytest.raises(OSError, match=r"it is (not a regular file|a folder)"):
            attempt()
    assert special.stat().st_ino == before.st_ino


@pytest.mark.timeout(5)
def test_wait_for_a_held_lock_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with (
        file_lock(path),
        pytest.raises(TimeoutError, match=r"another program has held its lock \.file\.lock"),
        file_lock(path, 0.1),
    ):
        pass
    with file_lock(path, 0.1):
        pass


def test_lock_file_open_to_others_is_made_private(tmp_path: Path) -> None:
    lock = tmp_path / ".file.lock"
    lock.touch(0o666)
    lock.chmod(0o666)
    with file_lock(tmp_path / "file"):
        assert mode(lock) == 0o600


def test_lock_does_not_follow_links(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".file.lock").symlink_to(victim)
    with pytest.raises(OSError, match=r"\.file\.lock"), file_lock(tmp_path / "file"):
        pass
    assert mode(victim) != 0o600


def test_folder_open_to_others_is_made_private_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(0o755)
    assert close_to_others(folder)
    assert mode(folder) == 0o700
    assert not close_to_others(folder)
    assert not close_to_others(tmp_path / "missing")


def test_file_in_place_of_a_folder_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        make_private_folder(tmp_path / "file" / "folder")


def test_lock_is_released_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(ZeroDivisionError), file_lock(path):
        raise ZeroDivisionError
    with path.with_name(".file.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
