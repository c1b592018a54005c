"""A session without a screen: every mode from its first line to its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from voicetrail.events import SourceEnded, SourceLost, WordHeard
from voicetrail.game import MODES, ModeName, RoundSetup
from voicetrail.game.modes.echo import Echo
from voicetrail.game.modes.maze import Maze
from voicetrail.play.announce import Announcer, EndRequest, Typed
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.scores.store import ScoreStore
from voicetrail.settings import load_settings


class Session:
    """An announcer with a clock of the test's own."""

    def __init__(self, folder: Path, setup: RoundSetup | None, *, typing: bool = True) -> None:
        self.now = 100.0
        env = {"VOICETRAIL_CONFIG_DIR": str(folder / "config"), "VOICETRAIL_STATE_DIR": str(folder / "state")}
        self.scores = folder / "scores.sqlite3"
        self.context = SessionContext(
            load_settings({}, env=env), open_scores=lambda: ScoreStore(self.scores), clock=lambda: self.now
        )
        self.lines: list[str] = []
        self.announcer = Announcer(self.context, self.lines.append, typing=typing)
        self.going = True
        self.begin(setup)

    def begin(self, setup: RoundSetup | None) -> None:
        self.announcer._from_menu = setup is None
        if setup is None:
            self.announcer._open_menu()
        else:
            self.announcer._begin(setup)

    def give(self, message: tuple[Update, ...] | Typed | EndRequest, after_s: float = 1.0) -> None:
        self.now += after_s
        self.announcer.take(message)
        self.going = self.announcer._step()

    def type(self, *lines: str, after_s: float = 1.0) -> None:
        for line in lines:
            self.give(Typed(line), after_s)

    def say(self, *words: str, after_s: float = 1.0) -> None:
        for word in words:
            self.give((WordHeard(0, word, 0.9),), after_s)

    @property
    def rules(self) -> object:
        assert self.context.round is not None
        return self.context.round.rules


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Session]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return lambda setup, **options: Session(tmp_path, setup, **options)


def test_a_line_is_traced_to_its_result_by_voice(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("trace", "square"))
    assert session.lines == ["trace square", "Follow the gray line", "the line goes down 6 and right 6"]
    session.say("up")
    assert session.lines[-4:-2] == ["heard up", "up: beside the line"]
    session.say("down", "right", "down", "left", "up")
    assert "score 91, silver medal, your best" in session.lines
    assert session.lines[-1] == "right again, up next level, down share, left leaves"
    session.say("down")
    assert session.lines[-3] == "voicetrail trace: square"
    session.say("up")
    assert session.lines[-3] == "trace stairs"
    with ScoreStore(session.scores) as store:
        assert store.best("trace", "square") is not None


def test_a_maze_can_be_solved_by_its_announcements(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("maze", "small", 3))
    rules = session.rules
    assert isinstance(rules, Maze)
    for word in rules.maze.best():
        assert f" {word} " in session.lines[-1].replace("open:", " "), "the way is among those that are open"
        session.type(word)
    assert "You are out of the maze" in session.lines
    assert "14 words (par 14) in 0:13, 0 wrong, 0 near misses" in session.lines


def test_a_snake_keeps_moving_and_its_surroundings_are_announced(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("snake", "small", 3))
    session.say("up")
    assert session.lines[-1].startswith("food ")
    assert session.lines[-1].endswith("going up, 4 free ahead")
    for _ in range(9):
        session.type("", after_s=0.5)
    assert "The snake ran into the wall" in session.lines
    assert session.lines[-1] == "right again, down share, left leaves"


def test_the_directions_of_an_echo_are_announced_as_they_are_shown(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("echo", seed=3))
    rules = session.rules
    assert isinstance(rules, Echo)
    while rules.watching:
        session.type("", after_s=0.05)
    shown = [line for line in session.lines if line in ("up", "down", "left", "right")]
    assert shown == list(rules.sequence[:2])
    session.say(*shown)
    assert rules.longest == 2


def test_a_sketch_is_drawn_undone_and_left(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("sketch"))
    session.type("right", "up", "undo", "redo", "status")
    assert session.lines[-1] == "2 strokes, length 4"
    assert "undone: up" in session.lines
    session.type("quit")
    assert not session.going


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_pauses_restarts_and_is_left(begin: Callable[..., Session], mode: ModeName) -> None:
    session = begin(RoundSetup(mode, "square" if mode == "trace" else ""))
    session.type("pause")
    assert session.lines[-1] == "paused; right continues, up restarts, left leaves"
    session.say("right")
    assert session.lines[-1] == "the round goes on"
    session.type("pause", "up")
    assert sum(line.startswith(mode) for line in session.lines) == 2
    session.type("pause")
    session.say("left")
    assert not session.going


def test_a_word_said_before_a_question_is_not_an_answer(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("maze", "small", 3))
    session.type("pause")
    session.say("left", after_s=0.3)
    assert session.going
    session.say("left")
    assert not session.going


def test_a_round_pauses_in_silence_and_when_the_sound_is_lost(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("maze", "small", 3))
    session.say("down")
    session.type("", after_s=60)
    assert session.lines[-1].startswith("paused: nothing was said for a while")
    session.say("right")
    session.give((SourceLost(0, "the microphone was unplugged"),))
    assert session.lines[-2] == "the microphone was unplugged"
    assert session.lines[-1].startswith("paused: there is no sound")


def test_words_control_the_list_of_modes(begin: Callable[..., Session]) -> None:
    session = begin(None)
    session.say("down", "down")
    assert session.lines[-1] == "maze"
    session.say("right")
    assert session.lines[-3] == "maze medium"
    session.type("pause", "left")
    assert session.lines[-1] == "choose: maze; up and down move, right starts, left quits"
    session.say("left")
    assert not session.going


def test_without_typing_the_end_of_the_sound_ends_it(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("maze", "small", 3), typing=False)
    session.give((SourceEnded(0),))
    assert not session.going
    session = begin(RoundSetup("maze", "small", 3))
    session.give((SourceEnded(0),))
    assert session.going
    session.give(Typed(None))
    assert not session.going


def test_what_is_not_possible_now_is_answered_with_the_reason(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("maze", "small", 3))
    session.type("undo", "hint")
    assert session.lines[-2:] == ["undo does nothing here", "hint is possible after a round"]


def test_an_unknown_command_is_answered(begin: Callable[..., Session]) -> None:
    session = begin(RoundSetup("maze", "small", 3))
    session.type("xyzzy \x1b[31m", "share")
    known = "type up, down, left, right, undo, redo, clear, pause, where, status, share, hint or quit"
    assert session.lines[-2:] == [f"xyzzy �[31m is not possible now; {known}", "share is possible after a round"]
    session.give(EndRequest("signal"))
    assert session.announcer.reason == "signal"
    assert not session.going
