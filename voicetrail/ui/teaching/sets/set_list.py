"""The rows of the list of sets: what stands in each, what is said of the one at the mark, and which keys it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from voicetrail.settings.values import SettingValues
from voicetrail.teaching import word_sets
from voicetrail.teaching.collecting import drafts
from voicetrail.text import counted, printable
from voicetrail.ui.teaching.sets.set_text import all_words, figures_of, words_of
from voicetrail.ui.widgets.hint_line import Hint
from voicetrail.ui.widgets.menu import MenuItem
from voicetrail.vocabulary import VOCABULARIES

SHIPPED, TAUGHT, DRAFT, PERSONAL, TEACH = "shipped:", "taught:", "draft:", "personal", "teach"
"""What a row's name begins with, before the name of a vocabulary, a set, or takes without one; and the rows that teach."""
IMPORT = "import"

ABOUT: Mapping[str, str] = {
    PERSONAL: "The shipped words in your voice: say each five times, which takes two minutes. It is kept only if it is better.",
    TEACH: "Any words, in any language: you write up to eight, and say each six times. Four words take three minutes.",
    IMPORT: f"A set that was exported on this machine or another: a file that ends in {word_sets.SUFFIX}.",
}
RIGHT: Mapping[str, str] = {SHIPPED: "plays with it", TAUGHT: "plays with it", DRAFT: "goes on", IMPORT: "asks for the file"}
"""What *right* does with a row, by the kind of the row; with the others it begins."""
TYPING: tuple[Hint, ...] = (("enter", "takes it", ""), ("esc", "leaves it", "back"))
QUESTION: tuple[Hint, ...] = (("y", "yes", "confirm"), ("n", "no", "refuse"), ("esc", "leaves it", "back"))


def kind_of(row: str) -> str:
    """What a row is, by its name."""
    kind, colon, _ = row.partition(":")
    return kind + colon


def row_in_use(values: SettingValues) -> str:
    """The row of the weights that the settings name."""
    if not values.weights or values.weights in VOCABULARIES:
        return f"{SHIPPED}{values.recognizer}"
    return f"{TAUGHT}{values.weights}"


def set_rows(in_use: str) -> Iterator[MenuItem]:
    """Every row of the list.

    Args:
        in_use: the name of the row that is played with.
    """

    def note(name: str, text: str) -> str:
        # The figures of the set in use stand below the list, where there is room for them.
        return "in use" if name == in_use else text

    for vocabulary, words in VOCABULARIES.items():
        name = f"{SHIPPED}{vocabulary}"
        yield MenuItem(name, vocabulary, ", ".join(words) if len(words) <= 6 else f"{len(words)} words", note(name, "shipped"))
    made = {info.name for info in word_sets.list_sets()}
    for info in word_sets.list_sets():
        name = f"{TAUGHT}{info.name}"
        yield MenuItem(name, printable(info.name), words_of(info), note(name, figures_of(info)))
    for draft in drafts.list_drafts():
        about = "takes not trained yet" if draft.name in made else "not finished"
        yield MenuItem(f"{DRAFT}{draft.name}", printable(draft.name), about, counted(draft.takes, "take"))
    for name, _ in drafts.damaged_drafts():
        yield MenuItem(f"{DRAFT}{name}", printable(name), "takes that are damaged")
    yield MenuItem(PERSONAL, "Your voice", "the shipped words")
    yield MenuItem(TEACH, "Teach a new set", "any word, any language")
    yield MenuItem(IMPORT, "Import a set", "from a file")


def about_row(row: str) -> str:
    """What is said of a row below the list: what it is, or what may not fit into it."""
    kind, name = kind_of(row), row.partition(":")[2]
    if kind == SHIPPED:
        return f"Words that ship with the game: {', '.join(VOCABULARIES[name])}."
    if kind == TAUGHT:
        found = next((info for info in word_sets.list_sets() if info.name == name), None)
        return "" if found is None else f"{all_words(found)}: {figures_of(found)}."
    if kind == DRAFT:
        draft = next((draft for draft in drafts.list_drafts() if draft.name == name), None)
        if draft is None:
            return next((reason for damaged, reason in drafts.damaged_drafts() if damaged == name), "")
        return f"{counted(draft.takes, 'take')} of {printable(', '.join(draft.words))}."
    return ABOUT.get(row, "")


def hints_of(row: str) -> tuple[Hint, ...]:
    """The keys of a row, for the last line."""
    kind = kind_of(row)
    own: tuple[Hint, ...] = ()
    if kind == TAUGHT:
        own = (("a", "takes", "more"), ("r", "rename", "rename"), ("e", "export", "export"), ("x", "delete", "delete"))
    elif kind == DRAFT:
        own = (("x", "delete", "delete"),)
    return (
        ("up down", "choose", ""),
        ("right", RIGHT.get(kind, "begins"), "say('right')"),
        ("left", "goes back", "say('left')"),
        *own,
        ("i", "import", "import"),
        ("?", "help", "help"),
    )
