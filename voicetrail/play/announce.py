"""Plays without a screen: events are printed as plain lines, for screen readers and logs. This works for every mode.

Words control it as they control the screens; typed lines do the same.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from voicetrail.errors import VoicetrailError
from voicetrail.events import Ready, SamplesLost, SourceBack, SourceDelayed, SourceEnded, SourceLost, WordHeard, WordRejected
from voicetrail.game import (
    MODES,
    Changes,
    Clear,
    Input,
    Move,
    Redo,
    RoundSetup,
    Sketch,
    Undo,
)
from voicetrail.game.share import time_text
from voicetrail.game.trail import DELTAS, Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.drawings import begin_requested
from voicetrail.play.listening.updates import Problem, SourceOpened, Update
from voicetrail.play.rounds.flow import CHOICES, RoundFlow
from voicetrail.play.rounds.outcome import Outcome, next_level
from voicetrail.play.rounds.setups import requested_setup, restarted, same_again, snake_setup
from voicetrail.text import counted, printable

TICK_S = 0.04
"""Time between two ticks while something moves, in s."""
IDLE_S = 0.25
"""Time between two ticks while nothing moves, in s."""
AROUND_S = 1.0
"""Minimum time between two lines about the surroundings of a moving pen or snake, in s."""
GRACE_S = 0.5
"""Grace period, in s: a word said before a question, or within this time after, is not an answer to it."""
Place = Literal["menu", "round", "pause", "result"]
COMMANDS: dict[str, Input] = {"undo": Undo(), "redo": Redo(), "clear": Clear()}
CHOICES_OF_MENU = (*MODES, "daily")
TYPED = "type up, down, left, right, undo, redo, clear, pause, where, status, share, hint or quit"


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed line; ``None`` is the end of the input."""

    text: str | None


@dataclass(frozen=True, slots=True)
class EndRequest:
    """A request to end the program."""

    reason: str


Message = tuple[Update, ...] | Typed | EndRequest


class Announcer:
    """A session that is printed as lines.

    Args:
        context: the session. It is started here, but not closed.
        write: prints a line.
        typing: whether lines are typed, and passed to ``take``. Otherwise the session ends with the source.
    """

    def __init__(self, context: SessionContext, write: Callable[[str], None], *, typing: bool) -> None:
        self.context = context
        self.reason = "quit"
        """Why the session ended."""
        self._write = write
        self._typing = typing
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._place: Place = "menu"
        self._from_menu = False
        self._chosen = 0
        self._flow: RoundFlow | None = None
        self._outcome: Outcome | None = None
        self._asked_at = 0.0
        self._around_at = 0.0
        self._around = ""
        self._headline = ""
        self._silent = False
        """Whether the source has ended, or there is none."""

    def take(self, message: Message) -> None:
        """Queue a message from another thread; returns at once."""
        self._messages.put(message)

    def run(self, setup: RoundSetup | None, background: str = "") -> None:
        """Play until the player leaves.

        Args:
            setup: the first round; ``None`` begins with the list of modes.
            background: a text of box-drawing characters to draw over.
        """
        self._from_menu = setup is None
        self._say_notices()
        if self._typing:
            self._write(TYPED)
        if setup is None:
            self._open_menu()
        elif not self._begin(setup, background):
            return
        self.context.start(self.take)
        while self._step():
            pass

    def _step(self) -> bool:
        """Process a message, if any, and let time pass; return whether to continue."""
        moving = self._flow is not None and self._place == "round" and self._flow.round.rules.moving
        try:
            message = self._messages.get(timeout=TICK_S if moving else IDLE_S)
        except queue.Empty:
            return self._let_time_pass()
        match message:
            case EndRequest(reason):
                self.reason = reason
                return False
            case Typed(text):
                going = self._take_line(text)
            case _:
                going = self._take_updates(message)
        return going and self._let_time_pass()

    # Input

    def _take_updates(self, updates: Iterable[Update]) -> bool:
        for update in updates:
            item = self.context.take(update)
            if isinstance(item, WordHeard):
                if not self._take_word(item):
                    return False
            elif isinstance(item, WordRejected):
                if self._flow is not None and self._place == "round":
                    self._flow.round.hear(item)
                self._write(f"near miss: {item.word}")
            elif isinstance(item, SourceEnded) or (isinstance(item, Problem) and item.fatal):
                self._silent = True
                self._write(item.message if isinstance(item, Problem) else "the sound has ended")
                if not self._typing:
                    return False
            elif text := _about(item):
                self._write(text)
                if isinstance(item, SourceLost):
                    self._pause("source")
        return True

    def _take_word(self, heard: WordHeard) -> bool:
        if self._place == "round" and self._flow is not None:
            self._write(f"heard {heard.word}")
            changes = self._flow.round.hear(heard)
            if changes is not None:
                self._say(changes)
            return True
        said = self.context.clock() if heard.captured is None else heard.captured
        item = self.context.input_of(heard.word)
        if said - self._asked_at < GRACE_S or not isinstance(item, Move):
            return True
        self._write(f"heard {heard.word}")
        return self._choose(item.direction)

    def _take_line(self, text: str | None) -> bool:
        if text is None:
            self._typing = False
            return not self._silent
        word = text.strip().lower()
        rules = self._flow.round.rules if self._flow is not None else None
        direction: Direction | None = next((one for one in DELTAS if one == word), None)
        if word == "quit":
            return False
        if direction is not None:
            if self._place != "round" or self._flow is None:
                return self._choose(direction)
            self._say(self._flow.round.do(Move(direction, "key")))
        elif word == "pause" and self._place in ("round", "pause"):
            return self._choose("right") if self._place == "pause" else self._pause("key")
        elif rules is not None and word in COMMANDS and self._place == "round" and self._flow is not None:
            changes = self._flow.round.do(COMMANDS[word])
            self._say(changes if changes.message or changes.cells else Changes(message=f"{word} does nothing here"))
        elif rules is not None and word in ("where", "status"):
            self._write((rules.surroundings if word == "where" else rules.status) or rules.headline)
        elif self._outcome is not None and word in ("share", "hint") and self._place == "result":
            self._share_or_hint(word)
        elif word:
            self._refuse(word)
        return True

    def _refuse(self, word: str) -> None:
        if word in ("share", "hint"):
            self._write(f"{word} is possible after a round")
        else:
            self._write(f"{printable(word, 20)} is not possible now; {TYPED}")

    def _let_time_pass(self) -> bool:
        flow = self._flow
        if flow is None or self._place != "round":
            return True
        self._say(flow.round.tick(), by_itself=True)
        if flow.round.rules.ended:
            self._open_result()
        elif flow.silence_is_long:
            self._pause("silence")
        return True

    # Output

    def _say(self, changes: Changes, *, by_itself: bool = False) -> None:
        """Print the effect of an input, and the surroundings."""
        flow = self._flow
        if flow is None:
            return
        rules, now = flow.round.rules, self.context.clock()
        if changes.message:
            self._write(changes.message)
        if rules.headline != self._headline:
            self._headline = rules.headline
            self._write(self._headline)
        around = rules.surroundings
        if around and around != self._around and (not by_itself or now - self._around_at >= AROUND_S) and not rules.ended:
            self._around, self._around_at = around, now
            self._write(around)

    def _say_notices(self) -> None:
        for notice in self.context.take_notices():
            self._write(notice)

    # Rounds and menus

    def _begin(self, setup: RoundSetup, background: str = "") -> bool:
        """Begin a round; return whether this succeeded."""
        try:
            current = begin_requested(self.context, self._prepared(setup), background)
        except VoicetrailError as error:
            if not self._from_menu:
                raise
            self._write(str(error))
            self._open_menu()
            return True
        rules = current.rules
        self._place, self._flow, self._outcome = "round", RoundFlow(current, self.context.pause_after_s(rules)), None
        self._around = self._headline = ""
        self._say_notices()
        self._write(f"{rules.mode_name} {rules.level}".strip())
        self._say(Changes())
        return True

    def _prepared(self, setup: RoundSetup) -> RoundSetup:
        if setup.mode == "snake":
            return replace(snake_setup(setup.level, self.context.delay_ms()), seed=setup.seed)
        return setup

    def _pause(self, reason: Literal["key", "silence", "source"]) -> bool:
        if self._flow is not None and self._flow.pause(reason) is not None:
            self._ask("pause", self._flow.text)
        return True

    def _ask(self, place: Place, text: str) -> None:
        self._place, self._asked_at = place, self.context.clock()
        self._write(text)

    def _open_menu(self) -> None:
        self._flow = self._outcome = None
        self._ask("menu", f"choose: {CHOICES_OF_MENU[self._chosen]}; up and down move, right starts, left quits")

    def _open_result(self) -> None:
        outcome = self._outcome = self.context.finish_round()
        for line in result_lines(outcome):
            self._write(line)
        more = ", up next level" if next_level(outcome.rules.setup) is not None else ""
        self._ask("result", f"right again{more}, down share, left leaves")

    def _choose(self, direction: Direction) -> bool:
        """Do what a direction means outside of a running round; return whether to continue."""
        if self._place == "menu":
            return self._choose_in_menu(direction)
        if self._place == "pause":
            return self._choose_in_pause(direction)
        outcome = self._outcome
        if outcome is None:
            return True
        further = next_level(outcome.rules.setup)
        if direction == "down":
            self._share_or_hint("share")
        elif direction == "right":
            return self._begin(same_again(outcome.rules.setup, self.context.settings))
        elif direction == "up" and further is not None:
            return self._begin(further)
        elif direction == "left":
            return self._leave()
        return True

    def _choose_in_menu(self, direction: Direction) -> bool:
        if direction == "left":
            return False
        if direction == "right":
            return self._begin(requested_setup(CHOICES_OF_MENU[self._chosen]))
        self._chosen = (self._chosen + (1 if direction == "down" else -1)) % len(CHOICES_OF_MENU)
        self._ask("menu", CHOICES_OF_MENU[self._chosen])
        return True

    def _choose_in_pause(self, direction: Direction) -> bool:
        flow = self._flow
        if flow is None:
            return True
        match CHOICES.get(direction):
            case "go on":
                flow.go_on()
                self._place = "round"
                self._write("the round goes on")
            case "restart":
                return self._begin(restarted(flow.round.rules.setup, self.context.settings))
            case "leave":
                return self._leave()
            case _:
                self._write(flow.text)
        return True

    def _leave(self) -> bool:
        """Leave the round, or the session if there is no menu to go back to."""
        if not self._from_menu:
            return False
        if saved := self.context.leave_round():
            self._write(saved)
        self._open_menu()
        return True

    def _share_or_hint(self, what: str) -> None:
        if self._outcome is not None:
            rules = self._outcome.rules
            text = rules.share_text(self._outcome.result) if what == "share" else rules.hint()
            for line in (text or "there is no better way").split("\n"):
                self._write(line)


def result_lines(outcome: Outcome) -> list[str]:
    """Return the result of a round as lines."""
    result, rules = outcome.result, outcome.rules
    medal = f", {result.medal} medal" if result.medal else ""
    best = ", your best" if outcome.is_best else "" if outcome.best_before is None else f", best so far {outcome.best_before}"
    par = f" (par {result.par})" if result.par is not None else ""
    lines = [
        rules.headline,
        f"score {result.score}{medal}{best}",
        f"{counted(result.words, 'word')}{par} in {time_text(result.time_ms)}, {result.wrong} wrong, "
        f"{counted(outcome.near_misses, 'near miss', 'near misses')}",
    ]
    lines += [f"{name}: {value}" for name, value in result.details.items() if value != ""]
    if not result.finished and not isinstance(rules, Sketch):
        lines.append("you left the round early, so it does not count")
    elif not outcome.counts:
        lines.append("only your first try at a daily maze counts")
    if outcome.problem:
        lines.append(outcome.problem)
    return lines


def _about(item: Update) -> str:
    """Return a line about an event of the sound; empty for other events."""
    match item:
        case Ready():
            return "listening"
        case SourceOpened(name):
            return f"the sound comes from {name}"
        case SourceBack(_, name):
            return f"the sound is back: {name}"
        case SourceLost(_, message) | SourceDelayed(_, message):
            return message
        case SamplesLost(_, count):
            return f"{counted(count, 'sample')} lost"
        case Problem(message):
            return message
    return ""
