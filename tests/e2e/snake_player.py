"""Plays the snake by voice: finds a way on the screen that leaves time for the words, and says each turn in time for its cell."""

from __future__ import annotations

import heapq
import time
from typing import NamedTuple

from tests.e2e.evening_player import ANSWER_S, BACK, HEADS, STEPS, Cell, Player
from tests.e2e.lab import Sound
from voicetrail.events import SAMPLE_RATE


class Field(NamedTuple):
    """A snake's field as the screen shows it, in cells of the snake."""

    columns: int
    rows: int
    head: Cell
    direction: str
    food: Cell
    body: frozenset[Cell]


def field_of(rows: list[str]) -> Field | None:
    """The field on the screen; ``None`` where there is none."""
    head, food, direction, body = None, None, "", set()
    top = next((y for y, row in enumerate(rows) if y > 1 and "╭──" in row[2:60] and "╮" in row[10:65]), None)
    if top is None:
        return None
    left, right = rows[top].index("╭", 2), rows[top].index("╮", 10)
    bottom = next((y for y in range(top + 1, len(rows)) if rows[y][left : left + 1] == "╰"), top)
    for y in range(top + 1, bottom):
        for x in range(left + 2, right, 2):
            glyph = rows[y][x]
            cell = (x - left - 2) // 2, y - top - 1
            if glyph in HEADS:
                head, direction = cell, HEADS[glyph]
            elif glyph == "●":
                food = cell
            elif glyph not in " ·":
                body.add(cell)
    if head is None or food is None:
        return None
    return Field((right - left - 2) // 2, bottom - top - 1, head, direction, food, frozenset(body))


def plan(seen: Field, first: int, later: int) -> list[tuple[int, str]]:
    """Turns on a way to the food that leaves time for the words: after how many cells, and where to.

    Args:
        seen: the field.
        first: cells that are gone before the first turn can come.
        later: cells between two turns.
    """
    start = (seen.head, seen.direction, -first)
    best = {start: 0}
    came: dict[tuple[Cell, str, int], tuple[tuple[Cell, str, int], str]] = {}
    waiting = [(0, start)]
    while waiting:
        cost, here = heapq.heappop(waiting)
        cell, direction, run = here
        if cell == seen.food:
            turns, steps = [], 0
            path = []
            while here in came:
                here, word = came[here]
                path.append(word)
            for steps, word in enumerate(reversed(path)):
                before = path[len(path) - steps] if steps else seen.direction
                if word != before:
                    turns.append((steps, word))
            return turns
        for word, (dx, dy) in STEPS.items():
            turn = word != direction
            if word == BACK[direction] or (turn and run < 0):
                continue
            to = cell[0] + dx, cell[1] + dy
            if not (0 <= to[0] < seen.columns and 0 <= to[1] < seen.rows) or to in seen.body:
                continue
            # A way along a wall leaves no time for a word that has to be said twice.
            edge = to[0] in (0, seen.columns - 1) or to[1] in (0, seen.rows - 1)
            state = to, word, (1 - later if turn else min(run + 1, 0))
            price = cost + 1 + 4 * turn + 2 * edge
            if price < best.get(state, 10**9):
                best[state] = price
                came[state] = here, word
                heapq.heappush(waiting, (price, state))
    return []


def eaten(rows: list[str]) -> int | None:
    """Pieces that were eaten; ``None`` where no snake is on the screen."""
    found = [row for row in rows if " eaten, " in row]
    return int(found[0].split(" eaten, ")[0].split()[-1]) if found else None


class SnakePlayer:
    """Steers a snake: says each turn early enough that it is heard in the middle of its cell.

    Args:
        player: says the words.
    """

    def __init__(self, player: Player) -> None:
        self.player = player
        self.lag_s = 0.35
        """From the end of a word until its turn is seen; measured as the words come."""
        self.most = 0
        """Most pieces eaten in one round."""

    def play(self, food: int, seconds: float) -> None:
        """One round: until so much was eaten, the snake ended, or the time is over (then it is left alone, and runs into a wall)."""
        player, end = self.player, time.monotonic() + seconds
        moved_at, cell_s, last = time.monotonic(), 0.5, None
        while (seen := field_of(rows := player.look())) is not None:
            count = eaten(rows) or 0
            self.most = max(self.most, count)
            now = time.monotonic()
            if count >= food or now > end:
                time.sleep(0.3)
                continue
            cell_s = 1 / (2.0 + 0.12 * count)
            if last is None or seen.head != last.head:
                moved_at, last = now, seen
            started = "start" not in "\n".join(rows[:3])
            word_s = 0.55
            turns = plan(seen, round((word_s + self.lag_s) / cell_s + 0.5), round(1.1 / cell_s + 0.5))
            if not started:
                word = turns[0][1] if turns else seen.direction
                player.say(word, lambda rows: "start" in "\n".join(rows[:3]), lambda _, after: not after)
                last = None
                continue
            if not turns:
                turns = self._away(seen)
            if turns:
                steps, word = turns[0]
                sound = player.sound(word)
                begin = moved_at + (steps + 0.45) * cell_s - self.lag_s - len(sound) / SAMPLE_RATE
                if begin - time.monotonic() > 1.5 * cell_s:
                    time.sleep(0.03)
                    continue
                time.sleep(max(0.0, begin - time.monotonic()))
                self._turn(word, sound)
            time.sleep(0.03)

    @staticmethod
    def _away(seen: Field) -> list[tuple[int, str]]:
        """No way leads to the food: turn where there is most room, before the wall."""
        across = ("up", "down") if seen.direction in ("left", "right") else ("left", "right")

        def room(word: str) -> int:
            (x, y), (dx, dy), free = seen.head, STEPS[word], 0
            while 0 <= x + dx < seen.columns and 0 <= y + dy < seen.rows and (x + dx, y + dy) not in seen.body:
                x, y, free = x + dx, y + dy, free + 1
            return free

        return [(2, max(across, key=room))] if room(seen.direction) < 6 else []

    def _turn(self, word: str, sound: Sound) -> None:
        player = self.player
        before = field_of(player.look())
        if before is None:
            return
        player.counts.said[word] += 1
        player.microphone.play_samples(sound, wait=False)
        ended = time.monotonic() + len(sound) / SAMPLE_RATE
        while time.monotonic() < ended + ANSWER_S / 2:
            seen = field_of(player.look())
            if seen is None:
                return
            if seen.direction != before.direction:
                heard = seen.direction == word
                (player.counts.heard if heard else player.counts.misheard)[word] += 1
                if heard:
                    self.lag_s = 0.7 * self.lag_s + 0.3 * (time.monotonic() - ended)
                return
            time.sleep(0.02)
