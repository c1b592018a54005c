"""A player who has a voice and eyes and no hands: reads the screen of a terminal, and says words of real speakers.

What was said is counted by what the screen shows after it: *heard* where it did what the word does, *misheard* where something
else happened, *missed* where nothing did.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import soundfile

from tests.e2e.lab import Sound, Speech, TmuxTerminal, VirtualMicrophone, wait_until
from voicetrail.events import SAMPLE_RATE

Cell = tuple[int, int]
Seen = TypeVar("Seen")
STEPS: dict[str, Cell] = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}
BACK = {"up": "down", "down": "up", "left": "right", "right": "left"}
HEADS = {"▲": "up", "▼": "down", "◄": "left", "►": "right"}
WALLS = set("│─╭╮╰╯├┤┬┴┼╴╵╶╷")
ANSWER_S = 1.6
"""A word that has shown nothing for so long after its end was missed."""
LOUD = 0.12
"""Part of the loudest 10 ms above which a clip counts as speech."""


def _is(goal: str, _: str, after: str) -> bool:
    return after == goal


def trimmed(samples: Sound) -> Sound:
    """The spoken part of a clip, with 0.1 s before it and 0.05 s after it."""
    block = SAMPLE_RATE // 100
    level = np.sqrt(np.mean(samples[: len(samples) // block * block].reshape(-1, block) ** 2, axis=1))
    loud = np.flatnonzero(level > LOUD * level.max())
    return samples[max(0, (loud[0] - 10) * block) : (loud[-1] + 6) * block]


@dataclass
class Counts:
    """What became of the words."""

    said: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    misheard: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        said, heard, misheard = (sum(each.values()) for each in (self.said, self.heard, self.misheard))
        return f"{said} words said, {heard} heard, {misheard} misheard, {said - heard - misheard} missed"


class Player:
    """Says words, and looks at what they do.

    Args:
        terminal: shows the game.
        microphone: hears the player.
        speech: voices; each word is another speaker's.
    """

    def __init__(self, terminal: TmuxTerminal, microphone: VirtualMicrophone, speech: Speech) -> None:
        self.terminal, self.microphone, self.speech = terminal, microphone, speech
        self.counts = Counts()
        self._number = itertools.count(1)

    def look(self) -> list[str]:
        """The screen, row by row."""
        return self.terminal.capture().split("\n")

    def sound(self, word: str) -> Sound:
        """The word by the next speaker."""
        samples, _ = soundfile.read(self.speech.clips(word, 1, next(self._number))[0], dtype="float32")
        return trimmed(samples)

    def say(self, word: str, see: Callable[[list[str]], Seen], expected: Callable[[Seen, Seen], bool]) -> bool:
        """Say a word once; return whether it did what it should.

        Args:
            word: what is said.
            see: what a look at the screen shows of what the word should change.
            expected: whether the change from one look to another is what the word does.
        """
        before = see(self.look())
        self.counts.said[word] += 1
        self.microphone.play_samples(self.sound(word))
        end = time.monotonic() + ANSWER_S
        while time.monotonic() < end:
            after = see(self.look())
            if after != before:
                right = expected(before, after)
                (self.counts.heard if right else self.counts.misheard)[word] += 1
                # A menu that has just opened takes no word for half a second.
                time.sleep(0.6)
                return right
            time.sleep(0.05)
        return False

    def say_until(self, word: str, text: str, tries: int = 6) -> None:
        """Say a word until a text is on the screen."""
        for _ in range(tries):
            if text in self.terminal.capture():
                return
            if self.say(word, lambda rows: text in "\n".join(rows), lambda _, after: after):
                return
        self.terminal.wait_for(text, 1)

    def leave(self, text: str, tries: int = 6) -> None:
        """Say *left* until a text is no longer on the screen."""
        for _ in range(tries):
            if self.say("left", lambda rows: text in "\n".join(rows), lambda _, after: not after):
                return
        assert text not in self.terminal.capture()

    # Menus

    @staticmethod
    def mark(rows: list[str]) -> str:
        """The row of a menu that is marked."""
        return next((row.split("▸")[1].split()[0] for row in rows if "▸" in row), "")

    def choose(self, name: str, order: list[str], then: str) -> None:
        """Go to a row of a menu by *up* and *down*, take it by *right*, and wait for a text."""
        for _ in range(30):
            at = self.mark(self.look())
            if then in self.terminal.capture():
                return
            if at not in order:
                # Something else opened: go back.
                self.say("left", self.mark, lambda _, after: after in order)
            elif at == name:
                self.say("right", lambda rows: then in "\n".join(rows), lambda _, after: after)
            else:
                word = "down" if order.index(at) < order.index(name) else "up"
                goal = order[order.index(at) + (1 if word == "down" else -1)]
                self.say(word, self.mark, partial(_is, goal))
        self.terminal.wait_for(then, 1)


# A maze


def head_of(rows: list[str]) -> Cell | None:
    """Where the pen of a maze is; it is a spot before the first word."""
    for y, row in enumerate(rows[:-2]):
        for x, glyph in enumerate(row[:65]):
            if glyph in HEADS or glyph == "●":
                return x, y
    return None


def way_out(rows: list[str]) -> str:
    """The first word of a shortest way to the door, by the walls on the screen; rooms are 4 columns and 2 rows apart."""
    start = head_of(rows)
    goal = next((row.index("⌂"), y) for y, row in enumerate(rows) if "⌂" in row)
    assert start is not None
    came: dict[Cell, str] = {start: ""}
    waiting = [start]
    for x, y in waiting:
        for word, (dx, dy) in STEPS.items():
            wall, room = (x + 2 * dx, y + dy), (x + 4 * dx, y + 2 * dy)
            if rows[wall[1]][wall[0]] not in WALLS and room not in came:
                came[room] = came[x, y] or word
                waiting.append(room)
    return came[goal]


def walk_out(player: Player, seconds: float = 120.0) -> None:
    """Go the shortest way out of the maze on the screen."""
    end = time.monotonic() + seconds
    while "⌂" in (screen := player.terminal.capture()) and time.monotonic() < end:
        word = way_out(screen.split("\n"))
        dx, dy = STEPS[word]

        def right(before: Cell | None, after: Cell | None, dx: int = dx, dy: int = dy) -> bool:
            # Out of the maze there is no pen.
            return after is None or (
                before is not None and ((after[0] - before[0]) * dx > 0 or (after[1] - before[1]) * dy > 0)
            )

        player.say(word, head_of, right)


def tutorial(player: Player) -> None:
    """The first start: each word once, the two pages about keys, and on to the title."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        rows = player.look()
        text = "\n".join(rows)
        if "▸" in text:
            return
        if "1 of 3" in text:
            word = (
                next(row.split("say  ")[1].split("  ")[0] for row in rows if "say  " in row)
                .replace(" ", "")
                .lower()
                .rstrip("│")
            )
            page = lambda rows: [row for row in rows if "say  " in row or "of 3" in row]  # noqa: E731
            player.say(word, page, lambda before, after: before != after)
        elif "of 3" in text:
            page = lambda rows: [row for row in rows if "of 3" in row]  # noqa: E731
            player.say("right", page, lambda before, after: before != after)
        else:
            player.say("left", lambda rows: "▸" in "\n".join(rows), lambda _, after: after)
    wait_until(lambda: "▸" in player.terminal.capture(), 1, what="the title after the tutorial")


def echo_row(rows: list[str]) -> tuple[str, ...]:
    """The directions of the row that is being shown; empty where none is, or not yet all of it."""
    if "Watch: " not in rows[1]:
        return ()
    length = int(rows[1].split("Watch: ")[1].split()[0])
    shown = [HEADS[glyph] for row in rows[2:-2] for glyph in row[:65] if glyph in HEADS]
    return tuple(shown) if len(shown) == length else ()


def longest_sequence(rows: list[str]) -> int:
    """The length of the longest repeated sequence; 0 if no echo is on the screen."""
    found = re.search(r"longest (\d+), \d li", "\n".join(rows))
    return int(found[1]) if found else 0


def echo_back(player: Player, length: int, seconds: float) -> int:
    """Repeat sequences until one has a length, or the lives or the time are over; return the length of the longest one."""
    end, longest = time.monotonic() + seconds, 0
    row: tuple[str, ...] = ()
    while longest < length and time.monotonic() < end:
        rows = player.look()
        longest = max(longest, longest_sequence(rows))
        if "The longest sequence" in rows[1]:
            break
        row = echo_row(rows) or row
        if "Repeat: " in rows[1] and row:
            place = int(rows[1].split("Repeat: ")[1].split()[0])
            right = f"Repeat: {place + 1}" if place < len(row) else "Watch: "
            player.say(row[place - 1], _headline, partial(_echo_went_on, right))
        time.sleep(0.05)
    return longest


def _headline(rows: list[str]) -> str:
    return rows[1] + rows[-2]


def _echo_went_on(right: str, _: str, after: str) -> bool:
    return right in after and " is wrong, it was " not in after
