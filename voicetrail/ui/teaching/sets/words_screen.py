"""The word sets, shipped and taught: choose, rename, delete, export, import, or teach a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import VoicetrailError
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.link.address import is_words
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Problem, Update
from voicetrail.teaching import exchange, word_sets
from voicetrail.teaching.collecting import drafts
from voicetrail.text import printable, typed_path
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.base.menu_screen import BACK_KEYS, MenuScreen
from voicetrail.ui.teaching.sets.set_list import (
    DRAFT,
    IMPORT,
    PERSONAL,
    QUESTION,
    SHIPPED,
    TAUGHT,
    TEACH,
    TYPING,
    about_row,
    hints_of,
    kind_of,
    row_in_use,
    set_rows,
)
from voicetrail.ui.teaching.sets.set_text import all_words, free_path
from voicetrail.ui.widgets.hint_line import HintLine
from voicetrail.ui.widgets.menu import MenuItem
from voicetrail.ui.widgets.message import Weight
from voicetrail.vocabulary import DEFAULT_VOCABULARY

KEYS: tuple[Action, ...] = (
    *BACK_KEYS,
    Action("rename", ("r",), "Rename", "Rename the set.", "Screens", footer=True),
    Action("delete", ("x", "delete"), "Delete", "Delete the set and its takes; asks first.", "Screens", footer=True),
    Action(
        "more",
        ("a",),
        "Takes",
        "Show the takes of the set, add or delete some, and train again.",
        "Screens",
        footer=True,
    ),
    Action("export", ("e",), "Export", "Save the set as one file.", "Screens", footer=True),
    Action("import", ("i",), "Import", "Load a set from a file.", "Screens", footer=True),
    Action("confirm", ("y",), "Yes", "Answer yes to the question.", "Screens"),
    Action("refuse", ("n",), "No", "Answer no to the question.", "Screens"),
    Action("help", ("?", "f1"), "Help", "Show what every key does.", "Screens"),
)
PATH_MAX = 1000
HELP = """A word set is the list of words that the game listens for. The shipped words are English. You can teach the game your own \
words in any language: say each word six times. Nothing that you say leaves this machine.

Right uses the selected set from now on. Takes (a) shows what you said for a set: play it, add or delete some, train again. Export \
(e) saves a set as one file, import (i) loads one.

Your voice adapts the shipped words to your voice, with five takes of each. The result is saved only if it is better.
"""


@dataclass(frozen=True, slots=True)
class Typing:
    """A text field below the list."""

    first: str
    """Initial text."""
    done: Callable[[str], str]
    """Called with the typed text; returns the message to show."""
    ask: str
    left: str
    """Message to show when the player cancels."""


class WordsScreen(MenuScreen):
    """Lists every word set.

    Args:
        context: the session.
    """

    HELP = HELP
    DEFAULT_CSS = """
    WordsScreen #name { height: 1; border: none; padding: 0; display: none; }
    WordsScreen #name:focus { border: none; }
    WordsScreen.-naming #name { display: block; }
    """

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context, "Words", actions=KEYS)
        self.hints = HintLine(most_rows=2, id="hints")
        self._shown = ""
        """The row in use when the list was built."""
        self._typing: Typing | None = None
        """The text field, while the player types."""
        self._question: Callable[[], str] | None = None
        """What is done once the player says yes; returns the line to show."""
        self._refusal: Callable[[], str] = lambda: "nothing was changed"
        """The same for no."""

    def compose(self) -> ComposeResult:
        """The widgets of a list, and a text field."""
        with Vertical(id="page"):
            yield from self.head()
            yield self.menu
            yield self.note
            yield Input(id="name", max_length=PATH_MAX, select_on_focus=False, disabled=True)
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Select the set in use, and follow changes of the sets."""
        game_app_of(self).sets_changed.subscribe(self, self._sets_changed)
        self._list()
        self.menu.choose(self._shown)
        self._describe()
        if damaged := word_sets.damaged_sets():
            name, reason = damaged[0]
            self.say(f"{printable(name)} cannot be used: {printable(reason)}", "warn")

    def on_screen_resume(self) -> None:
        """Update the list; select a set that was taught meanwhile, because it is now in use."""
        before = self._shown
        self._list()
        if before not in ("", self._shown):
            self.menu.choose(self._shown)
            self._describe()

    def on_unmount(self) -> None:
        """Let words reach the game again."""
        if self._typing is not None:
            self.context.hold_words(False)

    def _sets_changed(self, _: None) -> None:
        self._list()

    def _list(self) -> None:
        self._shown = row_in_use(self.context.settings.values)
        self.menu.set_items([*set_rows(self._shown)])

    def _describe(self) -> None:
        """Say of the row at the mark what it is."""
        self.say("" if self.menu.item is None else about_row(self.menu.item.name))

    def take(self, item: MenuItem) -> None:
        """Use a set, or teach one."""
        self._question = None
        kind, name = kind_of(item.name), item.name.partition(":")[2]
        if kind == TEACH:
            self._teach("")
        elif kind == IMPORT:
            self.action_import()
        elif kind in (PERSONAL, DRAFT):
            self._teach(item.name)
        else:
            self.use(name, shipped=kind == SHIPPED)

    def _teach(self, begin: str) -> None:
        if self.context.worker is not None and is_words(self.context.worker.request.spec):
            self.say("teaching needs a microphone of this machine; start the game with --source mic", "warn")
        else:
            game_app_of(self).open_dialog("teach", begin)

    def use(self, name: str, *, shipped: bool) -> None:
        """Use a set from now on."""
        settings, worker = self.context.settings, self.context.worker
        if worker is not None and is_words(worker.request.spec):
            self.say("the recognizer runs on the other machine; choose the words there, with --words", "warn")
            return
        try:
            settings.set_all({"vocabulary": name, "weights": ""} if shipped else {"weights": name})
        except VoicetrailError as error:
            self.say(printable(error), "warn")
        else:
            self.say(f"the game listens for the words of {printable(name)} from now on")
        self._list()

    def _chosen(self, what: str, *, draft: bool = False) -> str:
        """Return the selected taught set (or draft). For another row, say that it cannot be ``what``, and return an empty text."""
        row = "" if self.menu.item is None else self.menu.item.name
        for prefix in (TAUGHT, DRAFT) if draft else (TAUGHT,):
            if row.startswith(prefix):
                return row.removeprefix(prefix)
        self.say(f"only taught sets can be {what}", "warn")
        return ""

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a line below the list, and the keys that fit it."""
        super().say(message, weight)
        self._show_hints()

    def _show_hints(self) -> None:
        row = "" if self.menu.item is None else self.menu.item.name
        self.hints.set_hints(TYPING if self._typing else QUESTION if self._question else hints_of(row))

    def action_rename(self) -> None:
        """Ask for a new name."""
        if chosen := self._chosen("renamed"):
            ask = f"another name for {printable(chosen)}"
            self._type(Typing(chosen, lambda text: self._rename(chosen, text), ask, "the name is unchanged"))

    def _rename(self, old: str, new: str) -> str:
        if new != old:
            drafts.rename_set(old, new)
            if self.context.settings.values.weights == old:
                self.context.settings.set("weights", word_sets.check_name(new))
        self._list()
        self.menu.choose(f"{TAUGHT}{word_sets.check_name(new)}")
        return f"renamed to {printable(new)}"

    def action_more(self) -> None:
        """Go back to the takes of a set."""
        if not (chosen := self._chosen("given more takes")):
            return
        if any(draft.name == chosen for draft in drafts.list_drafts()):
            # A second list of takes with this name would replace the takes that are not trained yet.
            self.menu.choose(f"{DRAFT}{chosen}")
            self.say(
                f"there are takes of {printable(chosen)} that are not trained yet: right continues with them, x deletes them"
            )
        else:
            self._teach(f"set:{chosen}")

    def action_export(self) -> None:
        """Ask for the file to export to, then whether to include the takes."""
        if chosen := self._chosen("exported"):
            path = str(free_path(Path.home(), chosen))
            ask = f"the file to write {printable(chosen)} to"
            self._type(Typing(path, lambda text: self._export(chosen, typed_path(text)), ask, "nothing was exported"))

    def _export(self, name: str, out: Path) -> str:
        exchange.check_target(out)

        def write(*, examples: bool) -> str:
            exchange.export_set(name, out, examples=examples)
            with_or_without = "with its takes" if examples else "without its takes"
            return f"{printable(name)} was exported to {printable(out)}, {with_or_without}"

        info = word_sets.read_about(word_sets.set_folder(name))
        if not any(info.takes.values()):
            return write(examples=False)
        return self._ask(
            "include the takes, which are recordings of your voice? y or n",
            lambda: write(examples=True),
            lambda: write(examples=False),
        )

    def action_import(self) -> None:
        """Ask for the file of a set."""
        ask = f"the path of the file of a set, which ends in {word_sets.SUFFIX}"
        self._type(Typing("", lambda text: self._import(typed_path(text)), ask, "nothing was imported"))

    def _import(self, file: Path) -> str:
        name = word_sets.name_of_file(file)
        if word_sets.is_there(name):
            other = word_sets.free_name(name, word_sets.names())
            return self._ask(
                f"there is a set {printable(name)}: replace it, with its takes? y replaces it, n imports as {printable(other)}",
                lambda: self._take_in(file, name, overwrite=True),
                lambda: self._take_in(file, other),
            )
        return self._take_in(file, name)

    def _take_in(self, file: Path, name: str, *, overwrite: bool = False) -> str:
        info = exchange.import_set(file, name, overwrite=overwrite)
        self._list()
        self.menu.choose(f"{TAUGHT}{info.name}")
        if overwrite and self.context.settings.values.weights == info.name and self.context.worker is not None:
            self.context.worker.reload()
        return f"{printable(info.name)} was imported: {all_words(info)}; right plays with it"

    def action_delete(self) -> None:
        """Ask whether to delete."""
        if chosen := self._chosen("deleted", draft=True):
            draft = self.menu.item is not None and self.menu.item.name.startswith(DRAFT)
            delete = self._delete_draft if draft else self._delete
            question = f"delete {printable(chosen)} and all its takes permanently? y or n"
            self.say(self._ask(question, lambda: delete(chosen), lambda: "nothing was changed"), "warn")

    def _delete(self, name: str) -> str:
        if self.context.settings.values.weights == name:
            self.context.settings.set_all({"vocabulary": DEFAULT_VOCABULARY, "weights": ""})
        word_sets.delete_set(name)
        return f"{printable(name)} and its takes were deleted"

    def _delete_draft(self, name: str) -> str:
        drafts.delete_draft(name)
        return f"the takes of {printable(name)} were deleted"

    # Questions and text fields

    def _ask(self, question: str, yes: Callable[[], str], no: Callable[[], str]) -> str:
        """Ask a question that the player answers with y or n; return the question."""
        self._question, self._refusal = yes, no
        self.grace.begin()
        return question

    def action_confirm(self) -> None:
        """Yes."""
        self._answer(self._question)

    def action_refuse(self) -> None:
        """No."""
        self._answer(self._refusal if self._question is not None else None)

    def _answer(self, answer: Callable[[], str] | None) -> None:
        self._question = None
        if answer is not None:
            self._do(answer)

    def _do(self, action: Callable[[], str]) -> bool:
        """Run an action and show its message or error; return whether it succeeded."""
        try:
            line = action()
        except VoicetrailError as error:
            self._list()  # another program may have renamed or deleted the set
            self.say(printable(error), "warn")
            return False
        except OSError as error:  # a path that cannot be one
            self.say(f"that path cannot be used: {printable(error.strerror or error)}", "warn")
            return False
        self._list()
        self.say(line, "warn" if self._question is not None else "plain")
        return True

    def _type(self, typing: Typing) -> None:
        """Open a text field; meanwhile words do nothing."""
        self._question = None
        self._typing = typing
        self.context.hold_words(True)
        self.set_class(True, "-naming")
        field = self.query_one("#name", Input)
        field.value, field.disabled = typing.first, False
        field.cursor_position = len(typing.first)
        field.focus()
        self.say(typing.ask)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Process the typed text."""
        typing, text = self._typing, message.value.strip()
        if typing is not None and text and self._do(lambda: typing.done(text)):
            self._stop_typing()

    def _stop_typing(self) -> None:
        if self._typing is not None:
            self._typing = None
            self.context.hold_words(False)
            self.set_class(False, "-naming")
            self.set_focus(None)
            self.query_one("#name", Input).disabled = True
            self._show_hints()

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        super()._take_updates(updates)
        for item in updates:
            if isinstance(item, Problem) and self.is_active:
                self.say(printable(item.message, 300), "warn")

    def on_direction(self, direction: Direction) -> None:
        """Select another row or leave; both cancel a question about this row."""
        if self._typing is not None:
            return
        if self._question is not None:
            # A word alone must not delete or replace anything.
            self._question = None
            self.say("nothing was changed")
            return
        super().on_direction(direction)
        if direction in ("up", "down"):
            self._describe()

    def action_back(self) -> None:
        """Leave the text field, the question, or the screen."""
        if (typing := self._typing) is not None:
            self._stop_typing()
            self.say(typing.left)
        elif self._question is not None:
            self._question = None
            self.say("nothing was changed")
        else:
            self.go_back()
