"""Folders are replaced and deleted as a whole, also where the program is killed between two steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from voicetrail.whole_folders import filling, put_in_order, remove_folder, take_place


def keep(root: Path, name: str, content: str) -> None:
    with filling(root) as partial:
        (partial / "file").write_text(content)
        take_place(partial, root / name)


def killed_before(call: int, of: str, action: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run an action in a process that ends before its n-th call of a function, as by SIGKILL."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    calls = [0]
    original = getattr(Path, of) if hasattr(Path, of) else None

    def ending(*args: object, **kwargs: object) -> object:
        calls[0] += 1
        if calls[0] == call:
            os._exit(9)
        assert original is not None
        return original(*args, **kwargs)

    monkeypatch.setattr(Path, of, ending)
    action()
    os._exit(0)


@pytest.mark.parametrize("step", [1, 2])
def test_a_folder_that_was_being_replaced_is_the_old_one_or_the_new_one(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "sets"
    keep(root, "mine", "old")
    killed_before(step, "rename", lambda: keep(root, "mine", "new"), monkeypatch)
    put_in_order(root)
    assert (root / "mine" / "file").read_text() == "old"
    assert [path.name for path in root.iterdir() if path.is_dir()] == ["mine"]
    keep(root, "mine", "new")
    assert (root / "mine" / "file").read_text() == "new"


def test_what_was_being_deleted_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, "mine", "old")
    killed_before(1, "rmdir", lambda: remove_folder(tmp_path / "mine", tmp_path), monkeypatch)
    (tmp_path / ".gone-1").mkdir()
    put_in_order(tmp_path)
    assert [*tmp_path.rglob("file")] == []
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_another_program_fills_is_left_alone(tmp_path: Path) -> None:
    with filling(tmp_path) as partial:
        (partial / "file").write_text("x")
        child = os.fork()
        if not child:
            put_in_order(tmp_path)
            os._exit(0)
        os.waitpid(child, 0)
        assert (partial / "file").read_text() == "x"
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [], "a block that ends without a name leaves nothing"


def test_an_error_while_it_is_filled_changes_nothing(tmp_path: Path) -> None:
    keep(tmp_path, "mine", "old")

    def fill() -> None:
        with filling(tmp_path) as partial:
            (partial / "file").write_text("new")
            raise OSError(28, "full")

    with pytest.raises(OSError, match="full"):
        fill()
    assert (tmp_path / "mine" / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["mine"]
