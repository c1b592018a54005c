"""The game at any moment of a replay: inputs, snapshots of the game between them, and its checksums."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from voicetrail.errors import ReplayError, VoicetrailError
from voicetrail.game.inputs import Input, Tick, is_input
from voicetrail.game.make import make_rules
from voicetrail.game.rules import Rules
from voicetrail.replay.file.entries import Checksum, EarlierInputs, Entry
from voicetrail.replay.file.format import Header

SNAPSHOT_INPUTS = 200
"""Inputs between two snapshots of the game, at first."""
SNAPSHOT_CELLS = 1_000_000
"""Most cells in all snapshots together; with more, every second snapshot is dropped."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A checksum in the file that differs from the game's."""

    since_ms: int
    """Time of the last right checksum, by the file's clock; the difference began after it."""
    at_ms: int
    expected: str
    found: str


def new_game(header: Header) -> Rules:
    """The game as it was before anything was done to it.

    Raises:
        ReplayError: this version has no such game.
    """
    try:
        return make_rules(header.setup)
    except VoicetrailError as error:
        raise ReplayError(f"the round cannot be played: {error}") from error


class GameHistory:
    """Plays the inputs once, in the file's order, and compares every checksum with the game's.

    Args:
        header: says which game it is.
    """

    def __init__(self, header: Header) -> None:
        self.inputs: list[tuple[int, Input]] = []
        """Every input with its time on the file's clock, in order."""
        self.checked = 0
        """How many checksums were compared."""
        self.differences: list[Difference] = []
        """Checksums that were wrong, in order."""
        self._began_ms = header.began_ms
        self._game = new_game(header)
        self._snapshots: list[tuple[int, Rules]] = [(0, self._game.copy())]
        """Copies of the game with the number of inputs applied to each, in order."""
        self._spacing = self._until_snapshot = SNAPSHOT_INPUTS
        self._held_cells = 0
        self._last_ms = self._right_ms = 0

    def add(self, entry: Entry) -> None:
        """Take the next line of the file."""
        item = entry.item
        if is_input(item):
            self._apply(item, entry.at_ms)
        elif isinstance(item, EarlierInputs):
            for at_ms, one in item.inputs:
                self._game.apply(one, at_ms)
            if not self.inputs:
                self._snapshots[0] = (0, self._game.copy())
        elif isinstance(item, Checksum):
            self._check(item, entry.at_ms)

    def inputs_until(self, at_ms: int) -> int:
        """How many inputs there were up to a moment, it included."""
        return bisect_right(self.inputs, at_ms, key=lambda one: one[0])

    def game_at(self, at_ms: int) -> Rules:
        """The game at a moment, a copy of its own."""
        count = self.inputs_until(at_ms)
        place = bisect_right(self._snapshots, count, key=lambda snapshot: snapshot[0]) - 1
        # A snapshot shows the game right after its last input, so it is before any moment with as many inputs.
        done, snapshot = self._snapshots[place]
        game = snapshot.copy()
        for when, item in self.inputs[done:count]:
            game.apply(item, self._began_ms + when)
        game.apply(Tick(), self._began_ms + at_ms)
        return game

    def _apply(self, item: Input, at_ms: int) -> None:
        # Inputs come from one thread, so their times do not fall; in a damaged file they may seem to.
        self._last_ms = max(self._last_ms, at_ms)
        self._game.apply(item, self._began_ms + self._last_ms)
        self.inputs.append((self._last_ms, item))
        self._until_snapshot -= 1
        if self._until_snapshot <= 0:
            self._take_snapshot()

    def _take_snapshot(self) -> None:
        self._snapshots.append((len(self.inputs), self._game.copy()))
        self._held_cells += len(self._game.marked())
        if self._held_cells > SNAPSHOT_CELLS:
            del self._snapshots[1::2]
            self._held_cells //= 2
            self._spacing *= 2
        self._until_snapshot = self._spacing

    def _check(self, checksum: Checksum, at_ms: int) -> None:
        self._game.apply(Tick(), min(checksum.at_ms, self._began_ms + at_ms))
        self.checked += 1
        found = self._game.checksum()
        if found == checksum.value:
            self._right_ms = at_ms
        else:
            self.differences.append(Difference(self._right_ms, at_ms, checksum.value, found))
