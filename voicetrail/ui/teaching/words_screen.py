"""The sets of words: the shipped ones and those that were taught; choose one to play with, rename, delete, or teach another."""

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
from voicetrail.ui.base.menu_screen import BACK_KEYS, MenuScreen
from voicetrail.ui.host import host_of
from voicetrail.ui.plural import counted
from voicetrail.ui.teaching.set_text import all_words, figures_of, words_of
from voicetrail.ui.widgets.menu import MenuItem
from voicetrail.vocabulary import DEFAULT_VOCABULARY, VOCABULARIES

KEYS: tuple[Action, ...] = (
    *BACK_KEYS,
    Action("rename", ("r",), "Rename", "Give the set another name.", "Screens", footer=True),
    Action("delete", ("x", "delete"), "Delete", "Delete the set with its takes, after a question.", "Screens", footer=True),
    Action(
        "more",
        ("a",),
        "Takes",
        "Look at the takes of the set, add some or throw some away, and train again.",
        "Screens",
        footer=True,
    ),
    Action("export", ("e",), "Export", "Write the set as one file.", "Screens", footer=True),
    Action("import", ("i",), "Import", "Take a set from a file.", "Screens", footer=True),
    Action("confirm", ("y",), "Yes", "Delete what was asked about.", "Screens"),
    Action("refuse", ("n",), "No", "Keep what was asked about.", "Screens"),
    Action("help", ("?", "f1"), "Help", "What every key does.", "Screens"),
)
SHIPPED, TAUGHT, DRAFT, PERSONAL, TEACH = "shipped:", "taught:", "draft:", "personal", "teach"
"""What a row's name begins with, before the name of a vocabulary, a set, or takes without one; and the rows that teach."""
IMPORT = "import"
PATH_MAX = 1000
HELP = """A set of words is what the game listens for. The shipped words are English. Teach it your own: any word of any language,
said six times each. Nothing that you say leaves this machine.

**right** plays with the set at the mark, now and the next time. **a** goes back to the takes of a set: listen to them, add some, throw
some away, train again. **r** renames a set, **x** deletes it with its takes. **e** writes it as one file, **i** takes one from a file.

*Your voice* moves the shipped words towards your voice, with five takes of each; it is kept only where that is better.
"""


@dataclass(frozen=True, slots=True)
class Typing:
    """Something that is typed in a line below the list."""

    first: str
    """What stands there at first."""
    done: Callable[[str], str]
    """Is given what was typed; returns the line to show."""
    ask: str
    left: str
    """The line to show when the player leaves it."""


class WordsScreen(MenuScreen):
    """Lists every set of words.

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
        """The row that was in use when the list was made."""
        self._typing: Typing | None = None
        """What is being typed."""
        self._question: Callable[[], str] | None = None
        """What is done once the player says yes; returns the line to show."""
        self._refusal: Callable[[], str] = lambda: "it stays"
        """The same for no."""

    def compose(self) -> ComposeResult:
        """A line to type a name in, beside what every list has."""
        with Vertical(id="page"):
            yield from self.head()
            yield self.menu
            yield self.note
            yield Input(id="name", max_length=PATH_MAX, select_on_focus=False, disabled=True)
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Begin at the set that is played with."""
        self._list()
        self.menu.choose(self._used())
        if damaged := word_sets.damaged_sets():
            name, reason = damaged[0]
            self.say(f"{printable(name)} is left out: {printable(reason)}", "warn")

    def on_screen_resume(self) -> None:
        """A set may have been taught meanwhile: then it is in use, and the mark goes there."""
        before = self._shown
        self._list()
        if before not in ("", self._shown):
            self.menu.choose(self._shown)
            self._describe()

    def on_unmount(self) -> None:
        """Leave no words held back."""
        if self._typing is not None:
            self.context.hold_words(False)

    def _used(self) -> str:
        """The row of the weights that the settings name."""
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
        """Takes that no set was made of yet."""
        for draft in drafts.list_drafts():
            yield MenuItem(f"{DRAFT}{draft.name}", printable(draft.name), "not finished", counted(draft.takes, "take"))

    def _rest(self) -> Iterator[MenuItem]:
        yield MenuItem(PERSONAL, "Your voice", "the shipped words")
        yield MenuItem(TEACH, "Teach a new set", "any word, any language")
        yield MenuItem(IMPORT, "Import a set", "from a file")

    def _note(self, name: str, text: str) -> str:
        # The figures of the set in use stand below the list, where there is room for them.
        return "in use" if name == self._used() else text

    def _describe(self) -> None:
        """Say of the set at the mark what may not fit into its row."""
        item = self.menu.item
        infos = [info for info in word_sets.list_sets() if item is not None and item.name == f"{TAUGHT}{info.name}"]
        self.say("".join(f"{all_words(info)}: {figures_of(info)}; a: its takes, e: export" for info in infos))

    def take(self, item: MenuItem) -> None:
        """Play with a set, or teach one."""
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
            self.say("teaching needs the sound here: play with a microphone of this machine", "warn")
        else:
            host_of(self).open_dialog("teach", begin)

    def use(self, name: str, *, shipped: bool) -> None:
        """Play with a set from now on."""
        settings, worker = self.context.settings, self.context.worker
        if worker is not None and is_words(worker.request.spec):
            self.say("the recognizer runs on the other machine: the words are chosen there, with --words", "warn")
            return
        try:
            settings.set_all({"vocabulary": name, "weights": ""} if shipped else {"weights": name})
        except VoicetrailError as error:
            self.say(printable(error), "warn")
        else:
            self.say(f"{printable(name)} is used from now on")
        self._list()

    def _chosen(self, what: str, *, draft: bool = False) -> str:
        """The taught set at the mark (or the takes without one); empty at another row, where ``what`` cannot be done."""
        row = "" if self.menu.item is None else self.menu.item.name
        for prefix in (TAUGHT, DRAFT) if draft else (TAUGHT,):
            if row.startswith(prefix):
                return row.removeprefix(prefix)
        self.say(f"only a set that was taught can be {what}", "warn")
        return ""

    def action_rename(self) -> None:
        """Ask for another name."""
        if chosen := self._chosen("renamed"):
            ask = f"another name for {printable(chosen)}: enter takes it, esc leaves it"
            self._type(Typing(chosen, lambda text: self._rename(chosen, text), ask, "the name stays"))

    def _rename(self, old: str, new: str) -> str:
        if new != old:
            word_sets.rename_set(old, new)
            if self.context.settings.values.weights == old:
                self.context.settings.set("weights", word_sets.check_name(new))
        self._list()
        self.menu.choose(f"{TAUGHT}{word_sets.check_name(new)}")
        return f"it is called {printable(new)} now"

    def action_more(self) -> None:
        """Go back to the takes of a set."""
        if chosen := self._chosen("gone on with"):
            self._teach(f"set:{chosen}")

    def action_export(self) -> None:
        """Ask where to write a set, then whether with its takes."""
        if chosen := self._chosen("exported"):
            path = str(Path.home() / f"{chosen}{word_sets.SUFFIX}")
            ask = "the file to write: enter takes it, esc leaves it"
            self._type(Typing(path, lambda text: self._export(chosen, Path(text).expanduser()), ask, "nothing is written"))

    def _export(self, name: str, out: Path) -> str:
        if out.exists():
            raise TeachingError(f"{printable(out)} exists; name another file")

        def write(*, examples: bool) -> str:
            word_sets.export_set(name, out, examples=examples)
            with_or_without = "with its takes" if examples else "without its takes"
            return f"{printable(name)} is in {printable(out)}, {with_or_without}"

        info = word_sets.read_about(word_sets.set_folder(name))
        if not any(info.takes.values()):
            return write(examples=False)
        return self._ask(
            "with the takes, which are your voice? y or n", lambda: write(examples=True), lambda: write(examples=False)
        )

    def action_import(self) -> None:
        """Ask for the file of a set."""
        ask = f"the file of a set ({word_sets.SUFFIX}): enter takes it, esc leaves it"
        self._type(Typing("", lambda text: self._import(Path(text).expanduser()), ask, "nothing is imported"))

    def _import(self, file: Path) -> str:
        name = word_sets.check_name(file.stem)
        if any(info.name == name for info in word_sets.list_sets()):
            return self._ask(
                f"replace the set {printable(name)}, with its takes? y or n",
                lambda: self._take_in(file, overwrite=True),
                lambda: "it stays",
            )
        return self._take_in(file)

    def _take_in(self, file: Path, *, overwrite: bool = False) -> str:
        info = word_sets.import_set(file, overwrite=overwrite)
        self._list()
        self.menu.choose(f"{TAUGHT}{info.name}")
        if overwrite and self.context.settings.values.weights == info.name and self.context.worker is not None:
            self.context.worker.reload()
        return f"{printable(info.name)} is here: {all_words(info)}"

    def action_delete(self) -> None:
        """Ask whether to delete."""
        if chosen := self._chosen("deleted", draft=True):
            draft = self.menu.item is not None and self.menu.item.name.startswith(DRAFT)
            delete = self._delete_draft if draft else self._delete
            question = f"delete {printable(chosen)} with every take of it, for good? y or n"
            self.say(self._ask(question, lambda: delete(chosen), lambda: "it stays"), "warn")

    def _delete(self, name: str) -> str:
        if self.context.settings.values.weights == name:
            self.context.settings.set_all({"vocabulary": DEFAULT_VOCABULARY, "weights": ""})
        word_sets.delete_set(name)
        return f"{printable(name)} and its takes are deleted"

    def _delete_draft(self, name: str) -> str:
        drafts.delete_draft(name)
        return f"the takes of {printable(name)} are deleted"

    # Questions and what is typed

    def _ask(self, question: str, yes: Callable[[], str], no: Callable[[], str]) -> str:
        """Ask something that is answered by y or n; return the question."""
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
        """Do something, and say what came of it; return whether it went well."""
        try:
            line = action()
        except VoicetrailError as error:
            self.say(printable(error), "warn")
            return False
        self._list()
        self.say(line, "warn" if self._question is not None else "plain")
        return True

    def _type(self, typing: Typing) -> None:
        """Let something be typed; words are held back meanwhile."""
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
        """It is typed."""
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
        """Another row, or away from here: a question about this one is over."""
        if self._typing is not None:
            return
        if self._question is not None:
            # A word alone deletes or replaces nothing.
            self._question = None
            self.say("it stays")
            return
        super().on_direction(direction)
        if direction in ("up", "down"):
            self._describe()

    def action_back(self) -> None:
        """Leave what is typed, the question, or the screen."""
        if (typing := self._typing) is not None:
            self._stop_typing()
            self.say(typing.left)
        elif self._question is not None:
            self._question = None
            self.say("it stays")
        else:
            self.go_back()
