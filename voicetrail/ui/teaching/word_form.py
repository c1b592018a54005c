"""A form for a word set: its name, and the words with their meanings in the game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from voicetrail.ui.widgets.rows import Rows
from voicetrail.vocabulary import DIRECTIONS, MEANINGS

FIELDS = 8
"""Number of words in the form; the command `voicetrail teach` accepts more."""
NOTHING = ""
CHOICES = (*MEANINGS, NOTHING)
FIRST = ("left", "right", "up", "down")
"""Default meanings of the first words."""


class MeaningChoice(Rows):
    """A field for the meaning of a word: left and right change it.

    Args:
        meaning: initial meaning.
    """

    DEFAULT_CSS = "MeaningChoice { width: 22; height: 1; }"
    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "change(-1)", "Previous"),
        Binding("right,space", "change(1)", "Next"),
        Binding("enter", "done", "Next word"),
    ]

    class Done(Message):
        """Enter was pressed.

        Args:
            choice: where.
        """

        def __init__(self, choice: MeaningChoice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, meaning: str) -> None:
        super().__init__()
        self.meaning = meaning

    def rebuild(self) -> None:
        """Rebuild the row."""
        look = self.look
        says = (
            "does nothing"
            if self.meaning == NOTHING
            else f"goes {self.meaning}"
            if self.meaning in DIRECTIONS
            else self.meaning
        )
        mark = f"{look.marks.selected} " if self.has_focus else "  "
        self.put(0, [(mark, look.warn), (says, look.good if self.has_focus else look.dim)])

    def on_focus(self) -> None:
        """Show the focus."""
        self.rebuild()

    def on_blur(self) -> None:
        """Remove the focus mark."""
        self.rebuild()

    def action_done(self) -> None:
        """Enter: to the next word."""
        self.post_message(self.Done(self))

    def action_change(self, by: int) -> None:
        """Choose the next meaning, or the previous one."""
        self.meaning = CHOICES[(CHOICES.index(self.meaning) + by) % len(CHOICES)]
        self.rebuild()


class WordForm(Vertical):
    """Fields for the name and the words. Enter goes to the next field; on an empty word it finishes the form.

    Args:
        name_max: maximum length of the name, in characters.
        word_max: maximum length of a word, in characters.
    """

    DEFAULT_CSS = """
    WordForm { height: auto; }
    WordForm Input { height: 1; border: none; padding: 0; width: 1fr; background: $boost; }
    WordForm Input:focus { border: none; }
    WordForm Horizontal { height: 1; }
    WordForm Rows.label { width: 10; height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("up", "move(-1)", "Up"), Binding("down", "move(1)", "Down")]

    class Done(Message):
        """The player finished the form."""

    def __init__(self, name_max: int, word_max: int) -> None:
        super().__init__(id="form")
        self._set_name = Input(id="set-name", max_length=name_max, placeholder="name of the set", select_on_focus=False)
        self._words = [
            Input(id=f"word-{number}", max_length=word_max, placeholder=f"word {number + 1}", select_on_focus=False)
            for number in range(FIELDS)
        ]
        self._meanings = [MeaningChoice(FIRST[number] if number < len(FIRST) else NOTHING) for number in range(FIELDS)]

    def compose(self) -> ComposeResult:
        """The field for the name, and a row for each word."""
        yield self._set_name
        for word, meaning in zip(self._words, self._meanings, strict=True):
            with Horizontal():
                yield word
                yield meaning

    def begin(self) -> None:
        """Focus the field for the name."""
        self._set_name.focus()

    def propose(self, name: str, words: Mapping[str, str]) -> None:
        """Fill the form in: a name, and words with what each does."""
        self._set_name.value = name
        for field, choice, (word, meaning) in zip(self._words, self._meanings, words.items(), strict=False):
            field.value, choice.meaning = word, meaning
            choice.rebuild()

    def action_move(self, by: int) -> None:
        """Go to the field above or below."""
        columns: tuple[tuple[Input | MeaningChoice, ...], ...] = ((self._set_name, *self._words), tuple(self._meanings))
        for fields in columns:
            at = next((number for number, field in enumerate(fields) if field.has_focus), None)
            if at is not None:
                to = min(at + by, len(fields) - 1)
                (fields[to] if to >= 0 else self._set_name).focus()
                return

    def on_meaning_choice_done(self, message: MeaningChoice.Done) -> None:
        """Enter beside a word: the next word."""
        message.stop()
        number = self._meanings.index(message.choice)
        self._words[min(number + 1, FIELDS - 1)].focus()

    @property
    def set_name(self) -> str:
        """The typed name."""
        return self._set_name.value.strip()

    @property
    def given(self) -> tuple[str, ...]:
        """The typed words in order, including duplicates."""
        return tuple(field.value.strip() for field in self._words if field.value.strip())

    @property
    def meanings(self) -> Mapping[str, str]:
        """The words with their meanings; an empty text means that a word does nothing."""
        rows = zip(self._words, self._meanings, strict=True)
        return {field.value.strip(): choice.meaning for field, choice in rows if field.value.strip()}

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Go to the next field, or finish the form."""
        message.stop()
        if message.input is self._set_name:
            self._words[0].focus()
            return
        number = self._words.index(message.input)
        if not message.value.strip() or number + 1 == FIELDS:
            self.post_message(self.Done())
        else:
            self._words[number + 1].focus()
