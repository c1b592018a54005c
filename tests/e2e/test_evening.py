"""An evening by voice alone, no key pressed: tutorial, replays and back, a maze to its end, share, a snake, an echo, and out."""

from __future__ import annotations

import time

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.evening_player import Player, echo_back, tutorial, walk_out
from tests.e2e.lab import VOICETRAIL, Speech, VirtualMicrophone
from tests.e2e.snake_player import SnakePlayer

TITLE = ["Sketch", "Trace", "Maze", "Snake", "Echo", "Words", "Replays", "Scores", "Calibrate", "Settings", "How"]
MAZES = ["Daily", "Small", "Medium", "Large", "Huge", "Braided", "Fog"]
FOOD = 5
SNAKE_S = 60.0
ECHO = 4
ECHO_S = 60.0


@pytest.mark.evening
@pytest.mark.timeout(280)
def test_an_evening_is_played_by_voice_alone(virtual_mic: VirtualMicrophone, terminal: OpenTerminal, speech: Speech) -> None:
    screen = terminal(VOICETRAIL, env=virtual_mic.env)
    player = Player(screen, virtual_mic, speech)
    screen.wait_for("1 of 3")
    virtual_mic.wait_for_listener()
    time.sleep(1)
    tutorial(player)
    player.choose("Replays", TITLE, "right plays")
    player.leave("right plays")
    player.choose("Maze", TITLE, "Which maze?")
    player.choose("Small", MAZES, "Find the exit")
    walk_out(player)
    screen.wait_for("You are out of the maze")
    player.say_until("down", "left goes back")
    player.say_until("left", "down share")
    player.say_until("left", "Sketch")
    maze = str(player.counts)
    player.choose("Snake", TITLE, "to start")
    snake, end = SnakePlayer(player), time.monotonic() + SNAKE_S
    while True:
        snake.play(FOOD, end - time.monotonic())
        screen.wait_for("down share", 30)
        if snake.most >= FOOD or time.monotonic() > end - 15:
            break
        player.say_until("right", "to start")
    player.say_until("left", "Sketch")
    player.choose("Echo", TITLE, "Watch: ")
    row = echo_back(player, ECHO, ECHO_S)
    if "The longest sequence" in screen.capture():
        screen.wait_for("down share")
    else:
        # After a time without a word the round pauses, and can be left.
        screen.wait_for("paused: nothing was said")
        time.sleep(0.6)
    player.say_until("left", "Sketch")
    player.say_until("left", "say left again to leave")
    player.say("left", lambda rows: "Sketch" in "\n".join(rows), lambda _, after: not after)
    assert screen.wait_for_exit() == 0
    print(
        f"\nuntil the maze's end: {maze}\nwhole evening: {player.counts}\n"
        f"{snake.most} pieces of food at most, a sequence of {row} repeated"
    )
    counts = player.counts
    assert sum(counts.heard.values()) >= 0.7 * sum(counts.said.values())
    assert sum(counts.misheard.values()) <= 0.15 * sum(counts.said.values())
    assert snake.most >= 1
    assert row >= 2
