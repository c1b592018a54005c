from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
import tomllib
from pathlib import Path

import pytest

from voicetrail.atomic import file_lock
from voicetrail.errors import SettingsError
from voicetrail.settings import load_settings
from voicetrail.settings.files import change_settings_file, change_state, read_leniently


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"step = 3\nmovement = glide\n", "line 2"),
        (b"step = 3\nstep = 4\n", "line 2"),
        (b"ok = 1\n\n\xff\xfe = 2\n", "line 3: not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deep"),
        (b"step = " + b"9" * 5000, "settings.toml"),
        (b"step = 0x" + b"f" * 5000, "step is a number beyond 64 bits"),
        (b"big = 9223372036854775808", "big is a number beyond 64 bits"),
        (b"thresholds." + b"a." * 3000 + b"b = 1", "thresholds is nested too deep"),
        (b"a = 1\n" * 40_000, "larger than 200 kB"),
        (b"a\x00b", "line 1"),
        (b'text = "no end', "at its end"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_broken_file_is_reported_and_set_aside(content: bytes, where: str, settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_bytes(content)
    for _ in range(2):
        listed = load_settings(env=env)
        assert where in listed.notices[0]
        assert settings_file.read_bytes() == content, "listing renames nothing"
    settings = load_settings(env=env, background=True)
    assert settings["step"] == 2
    (notice,) = settings.notices
    assert str(settings_file) in notice
    assert where in notice
    assert "settings.toml.broken-1" in notice
    assert not settings_file.exists()
    assert settings_file.with_name("settings.toml.broken-1").read_bytes() == content
    settings_file.write_bytes(content)
    load_settings(env=env, background=True)
    assert settings_file.with_name("settings.toml.broken-2").exists()
    assert load_settings(env=env).notices == ()


def test_unusable_value_is_skipped_and_reported_with_its_line(settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_text("# mine\nstep = 3\nglide_speed = 900\nfly = true\n[thresholds]\nleft = 7\n[keys]\nundo = 'z'\n")
    settings = load_settings(env=env)
    assert settings["step"] == 3
    assert settings["glide_speed"] == 6.0
    assert settings.keys == {"undo": "z"}
    speed, fly, left = settings.notices
    assert "line 3: glide_speed cannot be '900': it takes 1 to 30 steps/s" in speed
    assert "line 4: no setting 'fly'" in fly
    assert "line 5: thresholds.left cannot be '7'" in left
    assert settings_file.exists()


def test_folder_in_place_of_a_file_is_reported(settings_file: Path, env: dict[str, str]) -> None:
    settings_file.mkdir()
    settings = load_settings(env=env)
    assert "cannot be read" in settings.notices[0]
    with pytest.raises(SettingsError, match="cannot be written"):
        change_settings_file(settings_file, {"step": 3})


def test_unsaved_state_stays_in_effect(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    settings = load_settings(env=env)
    with pytest.raises(SettingsError, match=r"applies for now but cannot be saved"):
        settings.set("step", 4)
    assert settings["step"] == 4


def test_background_write_reports_its_error(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    reported: list[str] = []
    settings = load_settings(env=env, background=True)
    settings.writer.on_problem = reported.append
    settings.set("step", 4)
    settings.close()
    assert len(reported) == 1
    assert "cannot be saved" in reported[0]


def test_changes_by_keys_are_saved_in_the_background(env: dict[str, str]) -> None:
    settings = load_settings(env=env, background=True)
    for value in range(1, 21):
        settings.set("step", value)
        settings.set(f"thresholds.w{value}", value / 20)
    settings.set("thresholds.w1", 0.9)
    settings.close()
    kept = load_settings(env=env)
    assert kept["step"] == 20
    assert dict(kept.values.thresholds) == {**{f"w{value}": value / 20 for value in range(1, 21)}, "w1": 0.9}


def test_concurrent_games_keep_each_others_changes(env: dict[str, str]) -> None:
    one, other = load_settings(env=env), load_settings(env=env)
    one.set("step", 4)
    other.set("glide_speed", 9)
    other.set("step", 5)
    one.set("thresholds.left", 0.5)
    other.set("thresholds.up", 0.6)
    kept = load_settings(env=env)
    assert (kept["step"], kept["glide_speed"]) == (5, 9.0)
    assert dict(kept.values.thresholds) == {"left": 0.5, "up": 0.6}


def _count_up(path: str, name: str) -> None:
    for value in range(25):
        change_state(Path(path), {name: value, f"thresholds.{name}": 0.5})


def test_concurrent_writers_lose_no_changes(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_count_up, args=(str(path), f"w{number}")) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    names = [f"w{number}" for number in range(4)]
    assert tomllib.loads(path.read_text()) == {**dict.fromkeys(names, 24), "thresholds": dict.fromkeys(names, 0.5)}


def test_a_broken_state_file_is_set_aside_by_the_writer_too(state_file: Path) -> None:
    state_file.write_text("no toml")
    change_state(state_file, {"step": 4})
    assert tomllib.loads(state_file.read_text()) == {"step": 4}
    assert state_file.with_name("state.toml.broken-1").exists()


COMMENTED = """\
# my settings
step = 3   # cells

# the quiet one
[thresholds]
left = 0.5 # he mumbles

[keys]
undo = ["z", "backspace"]
"""


def test_comments_survive_a_change(settings_file: Path) -> None:
    settings_file.write_text(COMMENTED)
    change_settings_file(settings_file, {"step": 4, "movement": "glide", "thresholds.left": 0.4, "thresholds.up": 0.6})
    changed = settings_file.read_text()
    for comment in ("# my settings", "# cells", "# the quiet one", "# he mumbles"):
        assert comment in changed
    assert tomllib.loads(changed) == {
        "step": 4,
        "movement": "glide",
        "thresholds": {"left": 0.4, "up": 0.6},
        "keys": {"undo": ["z", "backspace"]},
    }
    change_settings_file(settings_file, {"movement": None, "step": None, "thresholds.left": None, "thresholds.up": None})
    assert tomllib.loads(settings_file.read_text()) == {"keys": {"undo": ["z", "backspace"]}}


def test_unchanged_value_does_not_rewrite_the_file(settings_file: Path) -> None:
    settings_file.write_text(COMMENTED)
    before = settings_file.stat()
    change_settings_file(settings_file, {"step": 3, "margin": None})
    assert settings_file.stat().st_ino == before.st_ino
    change_settings_file(settings_file.with_name("none.toml"), {"margin": None})
    assert not settings_file.with_name("none.toml").exists()


def test_a_broken_settings_file_is_not_changed_by_set(settings_file: Path) -> None:
    settings_file.write_text("step = 3\nmode = glide\n")
    with pytest.raises(SettingsError, match=r"line 2.*repair it by hand"):
        change_settings_file(settings_file, {"step": 4})
    assert settings_file.read_text() == "step = 3\nmode = glide\n"


def test_missing_files_are_no_problem(tmp_path: Path) -> None:
    found, notice = read_leniently(tmp_path / "none.toml", set_broken_aside=True)
    assert (found.entries, found.text, notice) == ({}, "", "")


def test_byte_order_mark_and_line_ends_are_preserved(settings_file: Path, env: dict[str, str]) -> None:
    settings_file.write_bytes(b"\xef\xbb\xbf# mine\r\nstep = 3\r\n")
    settings = load_settings(env=env)
    assert (settings.values.step, settings.notices) == (3, ())
    change_settings_file(settings_file, {"margin": 0.2, "thresholds.left": 0.5})
    changed = settings_file.read_bytes()
    assert changed.startswith(b"\xef\xbb\xbf# mine\r\nstep = 3\r\nmargin = 0.2\r\n")
    assert changed.count(b"\n") == changed.count(b"\r\n") == 6
    assert load_settings(env=env).values.thresholds == {"left": 0.5}


def test_broken_file_behind_a_link_is_set_aside_in_place(settings_file: Path, tmp_path: Path, env: dict[str, str]) -> None:
    kept = tmp_path / "dotfiles" / "voicetrail.toml"
    kept.parent.mkdir()
    kept.write_text("no toml")
    settings_file.symlink_to(kept)
    load_settings(env=env, background=True)
    assert settings_file.is_symlink()
    assert kept.with_name("voicetrail.toml.broken-1").read_text() == "no toml"
    change_settings_file(settings_file, {"step": 3})
    assert settings_file.is_symlink()
    assert tomllib.loads(kept.read_text()) == {"step": 3}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("place", ["settings.toml", "state.toml", "presets/mine.toml"])
def test_fifo_in_place_of_a_file_is_refused(place: str, settings_file: Path, state_file: Path, env: dict[str, str]) -> None:
    path = (state_file if place == "state.toml" else settings_file).parent / place
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    settings = load_settings(env=env, background=True)
    if place != "presets/mine.toml":
        assert "it is not a regular file" in settings.notices[0]
    else:
        with pytest.raises(SettingsError, match="it is not a regular file"):
            settings.set("preset", "mine")
    if place == "settings.toml":
        with pytest.raises(SettingsError, match="it is not a regular file"):
            change_settings_file(path, {"step": 3})
    if place == "state.toml":
        with pytest.raises(SettingsError, match="it is not a regular file"):
            load_settings(env=env).set("step", 3)
    assert path.is_fifo()


@pytest.mark.timeout(10)
def test_wait_for_a_held_lock_is_limited(settings_file: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.atomic.file_lock.__wrapped__.__defaults__", (0.1,))
    with file_lock(settings_file), pytest.raises(SettingsError, match="another program has held its lock"):
        change_settings_file(settings_file, {"step": 3})


def test_folder_open_to_others_is_made_private_with_one_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    load_settings(env={}).set("step", 3)
    folders = {path for path in tmp_path.rglob("voicetrail") if path.is_dir()}
    assert folders
    for folder in folders:
        assert folder.stat().st_mode & 0o077 == 0
        folder.chmod(0o755)
    notices = load_settings(env={}).notices
    assert len(notices) == len(folders)
    assert "now only you can read it" in notices[0]
    assert load_settings(env={}).notices == ()


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_failed_write_of_the_state_changes_nothing(
    step: str, state_file: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_settings(env=env).set("step", 3)
    before = state_file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    settings = load_settings(env=env)
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(SettingsError, match=r"applies for now but cannot be saved .*No space left"):
            settings.set("step", 4)
    assert state_file.read_bytes() == before
    assert sorted(path.name for path in state_file.parent.iterdir()) == [".state.toml.lock", "state.toml"]
    assert settings.values.step == 4
    settings.set("step", 5)
    assert load_settings(env=env).values.step == 5


@pytest.mark.e2e
def test_killed_writer_of_the_state_leaves_old_or_new_values(state_file: Path) -> None:
    change_state(state_file, {"step": 1, "source": "1" * 300})
    for _ in range(15):
        child = os.fork()
        if child == 0:
            for number in itertools.count(1):
                change_state(state_file, {"step": number % 20 + 1, "source": str(number % 20 + 1) * 300})
        time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kept = tomllib.loads(state_file.read_text())
        assert kept["source"] == str(kept["step"]) * 300
    change_state(state_file, {"step": 2})
    assert sorted(path.name for path in state_file.parent.iterdir()) == [".state.toml.lock", "state.toml"]


def test_closed_settings_have_no_thread_and_still_write_later_changes(env: dict[str, str]) -> None:
    before = threading.active_count()
    settings = load_settings(env=env, background=True)
    for value in (4, 5):
        settings.set("step", value)
        settings.close()
        assert threading.active_count() == before
        assert load_settings(env=env).values.step == value
    settings.close()
