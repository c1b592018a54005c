"""The sets of words: the shipped ones and those that were taught; choose one to play with, rename, delete, or teach another."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from voicetrail.errors import VoicetrailError
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.link.address import is_words
from voicetrail.play.context import SessionContext
from voicetrail.play.updates import Problem, Update
from voicetrail.teaching import word_sets
from voicetrail.teaching.word_sets import SetInfo
from voicetrail.text import printable
from voicetrail.ui.base.menu_screen import BACK_KEYS, MenuScreen
from voicetrail.ui.dialogs import DIALOGS, open_dialog
from voicetrail.ui.widgets.menu import MenuItem
from voicetrail.vocabulary import DEFAULT_VOCABULARY, VOCABULARIES

KEYS: tuple[Action, ...] = (
    *BACK_KEYS,
    Action("rename", ("r",), "Rename", "Give the set another name.", "Screens", footer=True),
    Action("delete", ("x", "delete"), "Delete", "Delete the set with its takes, after a question.", "Screens", footer=True),
    Action("confirm", ("y",), "Yes", "Delete what was asked about.", "Screens"),
    Action("refuse", ("n",), "No", "Keep what was asked about.", "Screens"),
    Action("help", ("?", "f1"), "Help", "What every key does.", "Screens"),
)
SHIPPED, TAUGHT, PERSONAL, TEACH = "shipped:", "taught:", "personal", "teach"
"""What a row's name begins with, before the name of a vocabulary or a set; and the rows that teach."""
SHOWN_WORDS = 26
"""Characters of a set's words that a row shows; of more it says how many there are."""
HELP = """A set of words is what the game listens for. The shipped words are English. Teach it your own: any word of any language,
said six times each. Nothing that you say leaves this machine.

**right** plays with the set at the mark, now and the next time. **r** renames a set, **x** deletes it with its takes.
"""


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
        super().__init__(context, "Words", takes="plays with it", actions=KEYS)
        self._to_delete = ""
        """The set that is deleted once the player says yes."""
        self._to_rename = ""
        """The set whose new name is being typed."""

    def compose(self) -> ComposeResult:
        """A line to type a name in, beside what every list has."""
        with Vertical(id="page"):
            yield from self.head()
            yield self.menu
            yield self.note
            yield Input(id="name", max_length=word_sets.NAME_MAX, select_on_focus=False, disabled=True)
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
        """A set may have been taught meanwhile."""
        self._list()

    def on_unmount(self) -> None:
        """Leave no words held back."""
        if self._to_rename:
            self.context.hold_words(False)

    def _used(self) -> str:
        """The row of the weights that the settings name."""
        values = self.context.settings.values
        if not values.weights or values.weights in VOCABULARIES:
            return f"{SHIPPED}{values.recognizer}"
        return f"{TAUGHT}{values.weights}"

    def _list(self) -> None:
        self.menu.set_items([*self._shipped(), *self._taught(), *self._rest()])

    def _shipped(self) -> Iterator[MenuItem]:
        for name, words in VOCABULARIES.items():
            some = ", ".join(words) if len(words) <= 6 else f"{len(words)} words"
            yield MenuItem(f"{SHIPPED}{name}", name, some, self._note(f"{SHIPPED}{name}", "shipped"))

    def _taught(self) -> Iterator[MenuItem]:
        for info in word_sets.list_sets():
            name = f"{TAUGHT}{info.name}"
            yield MenuItem(name, printable(info.name), _words_of(info), self._note(name, _figures_of(info)))

    def _rest(self) -> Iterator[MenuItem]:
        if "teach" in DIALOGS:
            yield MenuItem(TEACH, "Teach a new set", "any word, any language")

    def _note(self, name: str, text: str) -> str:
        return f"in use: {text}" if name == self._used() else text

    def _describe(self) -> None:
        """Say of the set at the mark what may not fit into its row."""
        item = self.menu.item
        infos = [info for info in word_sets.list_sets() if item is not None and item.name == f"{TAUGHT}{info.name}"]
        self.say("".join(f"{_all_words(info)}: {_figures_of(info)}" for info in infos))

    def take(self, item: MenuItem) -> None:
        """Play with a set, or teach one."""
        self._forget_question()
        if item.name == TEACH:
            if self.context.worker is None or is_words(self.context.worker.request.spec):
                self.say("teaching needs the sound here: play with a microphone of this machine", "warn")
            else:
                self.app.push_screen(open_dialog("teach", self.context))
            return
        kind, _, name = item.name.partition(":")
        self.use(name, shipped=f"{kind}:" == SHIPPED)

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

    @property
    def _chosen(self) -> str:
        """The taught set at the mark; empty at another row, which is then said."""
        name = "" if self.menu.item is None else self.menu.item.name
        if not name.startswith(TAUGHT):
            self.say("only a set that was taught can be renamed or deleted", "warn")
            return ""
        return name.removeprefix(TAUGHT)

    def action_rename(self) -> None:
        """Ask for another name."""
        if chosen := self._chosen:
            self._forget_question()
            self._to_rename = chosen
            self.context.hold_words(True)
            self.set_class(True, "-naming")
            field = self.query_one("#name", Input)
            field.value, field.disabled = chosen, False
            field.cursor_position = len(chosen)
            field.focus()
            self.say(f"another name for {printable(chosen)}: enter takes it, esc leaves it")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """The name is there."""
        old, new = self._to_rename, message.value.strip()
        try:
            if new != old:
                word_sets.rename_set(old, new)
                if self.context.settings.values.weights == old:
                    self.context.settings.set("weights", word_sets.check_name(new))
        except VoicetrailError as error:
            self.say(printable(error), "warn")
            return
        self._stop_naming()
        self._list()
        self.menu.choose(f"{TAUGHT}{word_sets.check_name(new)}")
        self.say(f"it is called {printable(new)} now")

    def _stop_naming(self) -> None:
        if self._to_rename:
            self._to_rename = ""
            self.context.hold_words(False)
            self.set_class(False, "-naming")
            self.set_focus(None)
            self.query_one("#name", Input).disabled = True

    def action_delete(self) -> None:
        """Ask whether to delete."""
        if chosen := self._chosen:
            self._to_delete = chosen
            self.say(f"delete {printable(chosen)} with every take of it, for good? y or n", "warn")

    def action_confirm(self) -> None:
        """Delete what was asked about."""
        name, self._to_delete = self._to_delete, ""
        if not name:
            return
        try:
            if self.context.settings.values.weights == name:
                self.context.settings.set_all({"vocabulary": DEFAULT_VOCABULARY, "weights": ""})
            word_sets.delete_set(name)
        except VoicetrailError as error:
            self.say(printable(error), "warn")
        else:
            self.say(f"{printable(name)} and its takes are deleted")
        self._list()

    def action_refuse(self) -> None:
        """Keep what was asked about."""
        if self._to_delete:
            self._forget_question()
            self.say("it stays")

    def _forget_question(self) -> None:
        self._to_delete = ""

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        super()._take_updates(updates)
        for item in updates:
            if isinstance(item, Problem) and self.is_active:
                self.say(printable(item.message, 300), "warn")

    def on_direction(self, direction: Direction) -> None:
        """Another row, or away from here: a question about this one is over."""
        if self._to_rename:
            return
        if self._to_delete:
            self.action_refuse()
            return
        super().on_direction(direction)
        if direction in ("up", "down"):
            self._describe()

    def action_back(self) -> None:
        """Leave the name, the question, or the screen."""
        if self._to_rename:
            self._stop_naming()
            self.say("the name stays")
        elif self._to_delete:
            self.action_refuse()
        else:
            self.go_back()


def _words_of(info: SetInfo) -> str:
    shown = printable(", ".join(info.words))
    return shown if len(shown) <= SHOWN_WORDS else f"{len(info.words)} words"


def _all_words(info: SetInfo) -> str:
    return printable(", ".join(f"{w} = {info.meanings[w]}" if w in info.meanings else w for w in info.words))


def _figures_of(info: SetInfo) -> str:
    takes = sum(info.takes.values())
    return f"{takes} takes, {info.accuracy:.0%} right" if takes else f"{info.accuracy:.0%} right"
