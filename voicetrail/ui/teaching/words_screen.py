"""The word sets, shipped and taught: choose, rename, delete, export, import, or teach a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.link.address import is_words
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Problem, Update
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting import drafts
from voicetrail.text import printable
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.base.menu_screen import BACK_KEYS, MenuScreen
from voicetrail.ui.plural import counted
from voicetrail.ui.teaching.set_text import all_words, figures_of, words_of
from voicetrail.ui.widgets.menu import MenuItem
from voicetrail.vocabulary import DEFAULT_VOCABULARY, VOCABULARIES

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
SHIPPED, TAUGHT, DRAFT, PERSONAL, TEACH = "shipped:", "taught:", "draft:", "personal", "teach"
"""Prefixes of row names, before the name of a vocabulary, set or draft; and the names of the rows that teach."""
IMPORT = "import"
PATH_MAX = 1000
HELP = """A word set is the list of words that the game listens for. The shipped words are English. You can teach the game your own
words in any language: say each word six times. Nothing that you say leaves this machine.

**right** uses the selected set from now on. **a** shows the takes of a set: play them, add or delete some, train again.
**r** renames a set, **x** deletes it with its takes. **e** exports it to a file, **i** imports one from a file.

*Your voice* adapts the shipped words to your voice, with five takes of each. The result is saved only if it is better.
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
        super().__init__(context, "Words", takes="plays", actions=KEYS)
        self._shown = ""
        """The row in use when the list was built."""
        self._typing: Typing | None = None
        """The text field, while the player types."""
        self._question: Callable[[], str] | None = None
        """Called when the player answers yes; returns the message to show."""
        self._refusal: Callable[[], str] = lambda: "nothing was changed"
        """Called when the player answers no."""

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
        """Select the set in use."""
        self._list()
        self.menu.choose(self._used())
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

    def _used(self) -> str:
        """Return the row of the weights in the settings."""
        values = self.context.settings.values
        if not values.weights or values.weights in VOCABULARIES:
            return f"{SHIPPED}{values.recognizer}"
        return f"{TAUGHT}{values.weights}"

    def _list(self) -> None:
        self._shown = self._used()
        self.menu.set_items([*self._shipped(), *self._taught(), *self._drafts(), *self._rest()])

    def _shipped(self) -> Iterator[MenuItem]:
        for name, words in VOCABULARIES.items():
            some = ", ".join(words) if len(words) <= 6 else f"{len(words)} words"
            yield MenuItem(f"{SHIPPED}{name}", name, some, self._note(f"{SHIPPED}{name}", "shipped"))

    def _taught(self) -> Iterator[MenuItem]:
        for info in word_sets.list_sets():
            name = f"{TAUGHT}{info.name}"
            yield MenuItem(name, printable(info.name), words_of(info), self._note(name, figures_of(info)))

    def _drafts(self) -> Iterator[MenuItem]:
        """Yield the drafts: takes without a set."""
        for draft in drafts.list_drafts():
            yield MenuItem(f"{DRAFT}{draft.name}", printable(draft.name), "not finished", counted(draft.takes, "take"))

    def _rest(self) -> Iterator[MenuItem]:
        yield MenuItem(PERSONAL, "Your voice", "the shipped words")
        yield MenuItem(TEACH, "Teach a new set", "any word, any language")
        yield MenuItem(IMPORT, "Import a set", "from a file")

    def _note(self, name: str, text: str) -> str:
        # The figures of the set in use are shown below the list, where there is room.
        return "in use" if name == self._used() else text

    def _describe(self) -> None:
        """Show details of the selected set below the list, because its row may be too short."""
        item = self.menu.item
        infos = [info for info in word_sets.list_sets() if item is not None and item.name == f"{TAUGHT}{info.name}"]
        self.say("".join(f"{all_words(info)}: {figures_of(info)}; a: show takes, e: export" for info in infos))

    def take(self, item: MenuItem) -> None:
        """Use a set, or teach one."""
        self._question = None
        kind, _, name = item.name.partition(":")
        match f"{kind}:" if name else kind:
            case "teach":
                self._teach("")
            case "import":
                self.action_import()
            case "personal":
                self._teach("personal")
            case "draft:":
                self._teach(item.name)
            case kind:
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
            self.say(f"{printable(name)} is used from now on")
        self._list()

    def _chosen(self, what: str, *, draft: bool = False) -> str:
        """Return the selected taught set (or draft). For another row, say that it cannot be ``what``, and return an empty text."""
        row = "" if self.menu.item is None else self.menu.item.name
        for prefix in (TAUGHT, DRAFT) if draft else (TAUGHT,):
            if row.startswith(prefix):
                return row.removeprefix(prefix)
        self.say(f"only taught sets can be {what}", "warn")
        return ""

    def action_rename(self) -> None:
        """Ask for a new name."""
        if chosen := self._chosen("renamed"):
            ask = f"new name for {printable(chosen)}: enter renames it, esc cancels"
            self._type(Typing(chosen, lambda text: self._rename(chosen, text), ask, "the name is unchanged"))

    def _rename(self, old: str, new: str) -> str:
        if new != old:
            word_sets.rename_set(old, new)
            if self.context.settings.values.weights == old:
                self.context.settings.set("weights", word_sets.check_name(new))
        self._list()
        self.menu.choose(f"{TAUGHT}{word_sets.check_name(new)}")
        return f"renamed to {printable(new)}"

    def action_more(self) -> None:
        """Show the takes of a set."""
        if chosen := self._chosen("trained again"):
            self._teach(f"set:{chosen}")

    def action_export(self) -> None:
        """Ask for the file to export to, then whether to include the takes."""
        if chosen := self._chosen("exported"):
            path = str(Path.home() / f"{chosen}{word_sets.SUFFIX}")
            ask = "export to this file: enter exports, esc cancels"
            self._type(Typing(path, lambda text: self._export(chosen, Path(text).expanduser()), ask, "nothing was exported"))

    def _export(self, name: str, out: Path) -> str:
        if out.exists():
            raise TeachingError(f"{printable(out)} already exists; choose another file")

        def write(*, examples: bool) -> str:
            word_sets.export_set(name, out, examples=examples)
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
        """Ask for the file to import."""
        ask = f"import this file ({word_sets.SUFFIX}): enter imports, esc cancels"
        self._type(Typing("", lambda text: self._import(Path(text).expanduser()), ask, "nothing was imported"))

    def _import(self, file: Path) -> str:
        name = word_sets.check_name(file.stem)
        if any(info.name == name for info in word_sets.list_sets()):
            return self._ask(
                f"replace the set {printable(name)} and its takes? y or n",
                lambda: self._take_in(file, overwrite=True),
                lambda: "nothing was replaced",
            )
        return self._take_in(file)

    def _take_in(self, file: Path, *, overwrite: bool = False) -> str:
        info = word_sets.import_set(file, overwrite=overwrite)
        self._list()
        self.menu.choose(f"{TAUGHT}{info.name}")
        if overwrite and self.context.settings.values.weights == info.name and self.context.worker is not None:
            self.context.worker.reload()
        return f"{printable(info.name)} was imported: {all_words(info)}"

    def action_delete(self) -> None:
        """Ask whether to delete."""
        if chosen := self._chosen("deleted", draft=True):
            draft = self.menu.item is not None and self.menu.item.name.startswith(DRAFT)
            delete = self._delete_draft if draft else self._delete
            question = f"delete {printable(chosen)} and all its takes permanently? y or n"
            self.say(self._ask(question, lambda: delete(chosen), lambda: "nothing was deleted"), "warn")

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
            self.say(printable(error), "warn")
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
