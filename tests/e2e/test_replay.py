"""A session from the keyboard and the bundled voice to its replay, in a real terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, TmuxTerminal, wait_until
from tests.replay.makers import record_spoken

DRAWN = set("╹╻┃╸┛┓┫╺┗┏┣━┻┳╋▲▼◄►●")
"""The strokes of the pen that the game begins with, and the pen itself."""


def canvas(terminal: TmuxTerminal) -> list[str]:
    """What is drawn, without the frame, cut to the drawing."""
    lines = terminal.capture().splitlines()
    right = lines[0].index("╮")
    rows = [
        line[1:right].replace("·", " ") for line in lines[1 : next(y for y, line in enumerate(lines) if line.startswith("╰"))]
    ]
    drawn = [row.rstrip() for row in rows if DRAWN & set(row)]
    indent = min((len(row) - len(row.lstrip()) for row in drawn), default=0)
    return [row[indent:] for row in drawn]


def settled(terminal: TmuxTerminal) -> None:
    """Wait until the drawing and the words rest."""
    before: list[str] = []
    for _ in range(40):
        now = [*canvas(terminal), *sorted(words(terminal))]
        if now == before:
            return
        before = now
        time.sleep(0.7)


def words(terminal: TmuxTerminal) -> set[str]:
    """The last words, without the mark of the newest."""
    right = [line[line.rindex("│", 0, len(line) - 2) + 1 :] for line in terminal.capture().splitlines() if line.count("│") >= 3]
    return {" ".join(part.strip(" ▸│").split()) for part in right if " ● " in part or " · " in part or "●" in part}


def voicetrail(*arguments: str, home: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VOICETRAIL, *arguments], capture_output=True, text=True, timeout=60)


def test_play_record_quit_check_replay(terminal: OpenTerminal, home: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "session.trail"
    game = terminal([*VOICETRAIL, "play", "--source", "demo", "--record", str(path), "--record-audio"])
    wait_until(lambda: "REC 0:" in game.capture(), 40, what="the mark of a recording")
    for key in ("Right", "Up", "Left", "Up"):
        game.send_keys(key)
    game.send_keys("m")
    wait_until(lambda: sum("●" in word for word in words(game)) >= 3, 90, what="words of the demo")
    game.send_keys("Space")
    wait_until(lambda: "not listening" in game.capture(), what="the ear to close")
    game.send_keys("u", "Right")
    settled(game)
    shown, heard = canvas(game), words(game)
    assert len(shown) > 3
    game.send_keys("q")
    assert game.wait_for_exit() == 0

    checked = voicetrail("replay", str(path), "--check", home=home)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    state = json.loads(voicetrail("replay", str(path), "--json", home=home).stdout)
    assert state["remark"] == ""
    assert state["by_key"] == 5 or state["undone"] == 1
    assert len(state["markers"]) == 1
    assert [row.rstrip() for row in state["drawing"]] == shown
    assert path.with_suffix(".flac").stat().st_size > 10_000

    replay = terminal([*VOICETRAIL, "replay", str(path)])
    wait_until(lambda: "playing" in replay.capture(), 40, what="the player")
    replay.send_keys("5")
    wait_until(lambda: "paused" in replay.capture(), 40, what="the end of the replay")
    assert canvas(replay) == shown
    # What was said after the screen was read lies in the file too.
    assert heard <= words(replay)
    replay.send_keys("Home")
    wait_until(lambda: canvas(replay) == ["●"], what="the start")
    replay.send_keys("End")
    wait_until(lambda: canvas(replay) == shown, what="the end")
    replay.send_keys("q")
    assert replay.wait_for_exit() == 0

    again = json.loads(voicetrail("replay", str(path), "--rehear", "--json", home=home).stdout)
    assert again["before"]["words"] > 0
    assert (again["gained"], again["lost"]) == ([], [])


def test_a_game_that_is_killed_leaves_its_session(terminal: OpenTerminal, home: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "killed.trail"
    game = terminal([*VOICETRAIL, "play", "--source", "demo", "--record", str(path)])
    wait_until(lambda: "REC 0:" in game.capture(), 40, what="the mark of a recording")
    game.send_keys("Right", "Up")
    wait_until(lambda: "2 strokes" in game.capture(), what="two strokes")
    settled(game)
    shown = canvas(game)
    wait_until(lambda: path.read_text().count('"i"') >= 2, what="the inputs in the file")
    os.kill(game.pid, signal.SIGKILL)
    game.wait_for_exit()
    state = json.loads(voicetrail("replay", str(path), "--json", home=home).stdout)
    assert state["difference"] is None
    assert state["drawing"][: len(shown)] == shown


def test_leaving_while_recording_prints_the_name_of_the_file(
    terminal: OpenTerminal, home: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "session.trail"
    game = terminal(["sh", "-c", f"{' '.join(VOICETRAIL)} play --source demo --record {path}; echo over; sleep 5"])
    wait_until(lambda: "REC 0:" in game.capture(), 40, what="the mark of a recording")
    game.send_keys("Right", "q")
    wait_until(lambda: "over" in game.capture(), 20, what="the end")
    assert str(path) in game.capture().replace("\n", "")


def test_the_player_follows_a_recording(terminal: OpenTerminal, home: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "session.trail"
    game = terminal([*VOICETRAIL, "play", "--source", "demo", "--record", str(path)])
    wait_until(lambda: "REC 0:" in game.capture(), 40, what="the mark of a recording")
    replay = terminal([*VOICETRAIL, "replay", str(path)])
    wait_until(lambda: "still being recorded" in replay.capture(), 40, what="the player")
    game.send_keys("Right", "Up", "Right")
    wait_until(lambda: "3 strokes" in game.capture(), what="three strokes")
    wait_until(lambda: len(canvas(replay)) > 1, 20, what="the strokes in the player")
    game.send_keys("q")
    assert game.wait_for_exit() == 0
    wait_until(lambda: "the recording has ended" in replay.capture(), 20, what="the end of the recording")
    replay.send_keys("q")
    assert replay.wait_for_exit() == 0


def test_a_replay_from_a_pipe_is_played_with_the_keys_of_the_terminal(
    terminal: OpenTerminal, home: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=300)
    replay = terminal(["sh", "-c", f"cat {path} | {' '.join(VOICETRAIL)} replay -; echo code $?; sleep 5"])
    wait_until(lambda: "playing" in replay.capture(), 40, what="the player")
    replay.send_keys("End")
    wait_until(lambda: "paused  0:12" in replay.capture(), 20, what="the end")
    replay.send_keys("q")
    wait_until(lambda: "code 0" in replay.capture(), 20, what="the end of the player")


def test_output_that_goes_elsewhere_gets_the_advice_that_helps(home: dict[str, str], tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", hops=30)
    done = voicetrail("replay", str(tmp_path / "a.trail"), home=home)
    assert done.returncode == 1
    assert done.stderr == (
        "voicetrail: the player needs a terminal, and the output is not one; use --text to print what happened\n"
    )
