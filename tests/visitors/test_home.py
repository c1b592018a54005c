"""Each visitor's folders: private, apart, and removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicetrail.visitors.home import PREFIX, VisitorHomes


def test_a_home_is_private_and_goes_with_its_visitor(tmp_path: Path) -> None:
    with VisitorHomes(parent=tmp_path) as homes:
        home = homes.make(1)
        for folder in (homes.folder, home.path, *home.path.iterdir()):
            assert folder.stat().st_mode & 0o777 == 0o700
        environment = home.environment(term="xterm", SSH_CONNECTION="visitor")
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "TMPDIR"):
            assert environment[name].startswith(str(home.path))
        (home.path / "data" / "drawing").write_bytes(bytes(1000))
        assert home.size == 1000
        home.remove()
        assert not home.path.exists()
        other = homes.make(2)
    assert not other.path.exists()
    assert not list(tmp_path.iterdir())


def test_a_permanent_home_belongs_to_the_visitor_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with VisitorHomes(parent=tmp_path, permanent_in=kept) as homes:
        home = homes.make(1, keep_as="abc123")
        (home.path / "data" / "drawing").write_text("mine")
        assert home.run.is_relative_to(homes.folder)
        second = homes.make(2, keep_as="abc123")  # the same visitor once more, meanwhile
        assert second.path.is_relative_to(homes.folder)
        second.remove()
        home.remove()
        homes.make(3).remove()
    assert [path.name for path in kept.iterdir()] == ["abc123"]
    with VisitorHomes(parent=tmp_path, permanent_in=kept) as homes:
        home = homes.make(1, keep_as="abc123")
        assert (home.path / "data" / "drawing").read_text() == "mine"
        assert sorted(path.name for path in home.path.iterdir()) == ["config", "data", "state"]
        for name in ("../x", "a/b", ".", "ä"):
            with pytest.raises(ValueError, match="letters and digits"):
                homes.make(2, keep_as=name)


def test_the_folder_of_a_killed_server_is_removed_and_that_of_a_running_one_stays(tmp_path: Path) -> None:
    running = VisitorHomes(parent=tmp_path)
    killed = VisitorHomes(parent=tmp_path)
    killed.make(1)
    os.close(killed._lock)  # as the system does for a process that is gone
    foreign = tmp_path / f"{PREFIX}foreign"
    foreign.mkdir()
    with VisitorHomes(parent=tmp_path) as homes:
        assert not killed.folder.exists()
        assert running.folder.exists()
        assert foreign.exists()
        assert homes.folder.exists()
    running.close()
