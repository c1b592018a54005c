"""The one list of what keys do.

The app's bindings, its footer, the help screen, the command palette and the README's table are all made from it. The settings
file's ``[keys]`` table changes it: ``undo = "z"`` or ``undo = ["z", "backspace"]``. How a key may be written is in
``voicetrail.key_names``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from voicetrail.key_names import KeyNameError, letters_on_key, parse_key

Group = Literal["Draw", "Listen", "Tune", "Session", "Screens"]
GROUPS: tuple[Group, ...] = ("Draw", "Listen", "Tune", "Session", "Screens")


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does."""

    name: str
    """What settings call it; the screen's method is ``action_<name>``."""
    keys: tuple[str, ...]
    """A character, or a name such as ``up``, ``space``, ``f1``, ``ctrl+q``."""
    label: str
    """A word or two, for the footer and the palette."""
    help: str
    """One sentence, for the help screen and the palette."""
    group: Group
    footer: bool = False
    """Shown in the footer."""
    call: str = ""
    """What the screen runs where that is more than the name: ``threshold(-0.05)``."""
    other_layouts: tuple[str, ...] = ()
    """Letters that the same keys give on keyboards of other alphabets; they work too, and are not shown."""

    @property
    def all_keys(self) -> tuple[str, ...]:
        """Every key that runs it."""
        return self.keys + self.other_layouts

    @property
    def runs(self) -> str:
        """The action as the screen runs it."""
        return self.call or self.name


ACTIONS: tuple[Action, ...] = (
    Action("draw_up", ("up",), "Up", "Draw a step up, as the word does.", "Draw"),
    Action("draw_down", ("down",), "Down", "Draw a step down.", "Draw"),
    Action("draw_left", ("left",), "Left", "Draw a step to the left.", "Draw"),
    Action("draw_right", ("right",), "Right", "Draw a step to the right.", "Draw"),
    Action("undo", ("u",), "Undo", "Undo the last stroke, or the last clear.", "Draw", footer=True),
    Action("redo", ("U",), "Redo", "Draw again what undo took back.", "Draw"),
    Action("clear", ("c",), "Clear", "Clear the drawing; undo brings it back.", "Draw", footer=True),
    Action("pen", ("e",), "Next pen", "Draw with the next pen: light, heavy, double, dotted, block.", "Draw"),
    Action("color", ("o",), "Next color", "Draw in the next of eight colors.", "Draw"),
    Action("pen_up", ("w",), "Pen up or down", "Move without drawing, or draw again.", "Draw"),
    Action("step_shorter", ("-",), "Shorter steps", "Make a step shorter.", "Draw", call="step_setting('step',-1)"),
    Action("step_longer", ("+", "="), "Longer steps", "Make a step longer.", "Draw", call="step_setting('step',1)"),
    Action(
        "movement",
        ("g",),
        "Step or glide",
        "Change between one step a word and a pen that glides on.",
        "Draw",
        call="step_setting('movement',1)",
    ),
    Action("glide_slower", ("v",), "Glide slower", "Make a glide slower.", "Draw", call="step_setting('glide_speed',-1)"),
    Action("glide_faster", ("V",), "Glide faster", "Make a glide faster.", "Draw", call="step_setting('glide_speed',1)"),
    Action(
        "listening",
        ("space",),
        "Listen",
        "Stop or start listening at once; ends a glide; with push to talk: listen for a while.",
        "Listen",
        footer=True,
    ),
    Action(
        "push_to_talk",
        ("p",),
        "Push to talk",
        "Listen only for a while after space.",
        "Listen",
        call="step_setting('push_to_talk',1)",
    ),
    Action(
        "threshold_down",
        ("[",),
        "Hear more",
        "Lower the threshold by 0.05, of all words or the selected one.",
        "Tune",
        call="threshold(-0.05)",
    ),
    Action("threshold_up", ("]",), "Hear less", "Raise the threshold by 0.05.", "Tune", call="threshold(0.05)"),
    Action(
        "threshold_down_fine", ("{",), "Hear a little more", "Lower the threshold by 0.01.", "Tune", call="threshold(-0.01)"
    ),
    Action("threshold_up_fine", ("}",), "Hear a little less", "Raise the threshold by 0.01.", "Tune", call="threshold(0.01)"),
    Action("select_next", ("tab",), "Next word", "Select the next word; after the last one, all words.", "Tune"),
    Action("select_previous", ("shift+tab",), "Previous word", "Select the word before.", "Tune"),
    Action("select_all", ("escape",), "All words", "Select all words again.", "Tune"),
    Action(
        "thresholds_reset", ("0",), "Thresholds as shipped", "Go back to the thresholds that ship with the weights.", "Tune"
    ),
    Action(
        "refractory_shorter",
        ("<",),
        "Repeat sooner",
        "Hear the same word again sooner.",
        "Tune",
        call="step_setting('refractory',-1)",
    ),
    Action(
        "refractory_longer",
        (">",),
        "Repeat later",
        "Wait longer before the same word counts again.",
        "Tune",
        call="step_setting('refractory',1)",
    ),
    Action(
        "smoothing_faster",
        ("(",),
        "Faster",
        "Average scores over a shorter time: faster, less sure.",
        "Tune",
        call="step_setting('smoothing',-1)",
    ),
    Action(
        "smoothing_surer",
        (")",),
        "Surer",
        "Average scores over a longer time: surer, slower.",
        "Tune",
        call="step_setting('smoothing',1)",
    ),
    Action("preset", ("n",), "Next preset", "Take the next preset: quiet room, noisy room, fast, sure, your own.", "Tune"),
    Action("pause", ("b",), "Pause", "Stop the clock of the round, or let it go on.", "Session"),
    Action("record", ("r",), "Record", "Start or stop recording the session in a file.", "Session", footer=True),
    Action("marker", ("m",), "Marker", "Set a marker in the recording.", "Session"),
    Action("settings", ("s",), "Settings", "Every setting, its value, range and where it came from.", "Screens", footer=True),
    Action("microphone", ("d",), "Microphone", "The inputs with their level; choose one.", "Screens", footer=True),
    Action("calibrate", ("k",), "Calibrate", "Find thresholds and gain for your voice, in under a minute.", "Screens"),
    Action("replays", ("l",), "Replays", "The recorded sessions: play, rename, delete.", "Screens"),
    Action("spectrogram", ("f",), "Spectrogram", "Show the sound as the recognizer sees it, or hide it.", "Screens"),
    Action("theme", ("t",), "Dark or light", "Change between a dark and a light screen.", "Screens"),
    Action("screenshot", ("S",), "Screenshot", "Save the screen as an SVG picture.", "Screens"),
    Action("help", ("?", "f1"), "Help", "What every key does, and how to say the words.", "Screens", footer=True),
    Action("command_palette", ("ctrl+p",), "Palette", "Find any action by its name.", "Screens"),
    Action("quit", ("q", "ctrl+q"), "Quit", "Leave the game.", "Screens", footer=True),
)
"""Every action in the order of the help. The digits 1 to 9, which select a word, are the app's own and cannot be rebound."""

WORD_DIGITS = "123456789"
ALWAYS_QUITS = "ctrl+q"
"""The key that no other action can have, so that there is always one to leave by."""
OLD_NAMES: Mapping[str, str] = MappingProxyType({"mode": "movement"})
"""The action of now by its name of earlier versions."""

_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "space": "space",
    "escape": "esc",
    "shift+tab": "shift-tab",
    "comma": ",",
    "f1": "F1",
}


def shown_key(key: str) -> str:
    """How a key is written for people."""
    return _SHOWN.get(key, key.replace("ctrl+", "ctrl-"))


def shown_keys(action: Action) -> str:
    """All keys of an action, for people."""
    return " ".join(shown_key(key) for key in action.keys) or "–"


def rebind(overrides: Mapping[str, object], actions: Sequence[Action] = ACTIONS) -> tuple[tuple[Action, ...], list[str]]:
    """Apply a settings file's ``[keys]`` table.

    Args:
        overrides: the name of an action → its key, or a list of its keys (empty: no key).
        actions: what to change.

    Returns:
        The actions with their keys, and one line for each thing that could not be done as asked: an action that there is not, a
        key that is none, a key that two actions ask for (a key asked for wins over one that comes with the program; of two that
        were asked for, the first in the list keeps it). Of an action for which no key can be used, the keys stay.
    """
    problems: list[str] = []
    asked = _asked_keys(overrides, {action.name for action in actions}, problems)
    owner = _owners(asked, actions, problems)
    result = [replace(action, keys=_keys_left(action, asked.get(action.name), owner, problems)) for action in actions]
    return with_other_layouts(result), problems


def _asked_keys(overrides: Mapping[str, object], known: Collection[str], problems: list[str]) -> dict[str, tuple[str, ...]]:
    """The keys that can be used, of each action for which any are asked; problems are added to the list."""
    asked: dict[str, tuple[str, ...]] = {}
    for given_name, given in overrides.items():
        name = given_name if given_name in known else OLD_NAMES.get(given_name, given_name)
        if name not in known:
            near = get_close_matches(name, known, 1)
            problems.append(f"keys: there is no action {name!r}{f'; did you mean {near[0]}?' if near else ''}")
            continue
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(key, str) for key in texts):
            problems.append(f"keys: {name} needs a key or a list of keys")
            continue
        keys = _usable(name, texts, problems)
        if keys or not texts:
            asked[name] = keys
    return asked


def _usable(name: str, texts: Sequence[str], problems: list[str]) -> tuple[str, ...]:
    """Those of the keys that an action can have."""
    keys = []
    for text in texts:
        try:
            key = parse_key(text)
        except KeyNameError as error:
            problems.append(f"keys: {name}: {error}")
            continue
        if key in WORD_DIGITS:
            problems.append(f"keys: {key} selects a word and cannot be {name}")
        elif key == ALWAYS_QUITS and name != "quit":
            problems.append(f"keys: {shown_key(key)} always leaves the game and cannot be {name}")
        else:
            keys.append(key)
    return tuple(dict.fromkeys(keys))


def _owners(asked: Mapping[str, tuple[str, ...]], actions: Sequence[Action], problems: list[str]) -> dict[str, str]:
    """The action that has each key that was asked for: the first of the list."""
    owner: dict[str, str] = {}
    for action in actions:
        for key in asked.get(action.name, ()):
            if key in owner:
                problems.append(f"keys: {shown_key(key)} is asked for by {owner[key]} and {action.name}; {owner[key]} has it")
            else:
                owner[key] = action.name
    return owner


def _keys_left(action: Action, asked: tuple[str, ...] | None, owner: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """The keys of an action that no other action has taken."""
    before = action.keys if asked is None else asked
    keys = tuple(key for key in before if owner.get(key, action.name) == action.name)
    if action.name == "quit" and not keys:
        problems.append(f"keys: there has to be a key to leave by; quit keeps {shown_key(ALWAYS_QUITS)}")
        return (ALWAYS_QUITS,)
    if asked is None and action.keys and not keys:
        taken = action.keys[0]
        problems.append(f"keys: {shown_key(taken)} is now {owner[taken]}; {action.name} has no key left")
    return keys


def with_other_layouts(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions with the letters that their keys give on keyboards of other alphabets, where no action has them already."""
    taken = {key for action in actions for key in action.keys}
    result = []
    for action in actions:
        letters = tuple(letter for key in action.keys for letter in letters_on_key(key) if letter not in taken)
        taken.update(letters)
        result.append(replace(action, other_layouts=letters))
    return tuple(result)


def by_group(actions: Iterable[Action] = ACTIONS) -> dict[Group, list[Action]]:
    """The actions under their groups, in order."""
    groups: dict[Group, list[Action]] = {group: [] for group in GROUPS}
    for action in actions:
        groups[action.group].append(action)
    return groups


def markdown_table(actions: Iterable[Action] = ACTIONS) -> str:
    """The table of keys for the docs."""
    lines = ["| key | what it does | action |", "| --- | --- | --- |"]
    for group, members in by_group(actions).items():
        lines.append(f"| **{group}** | | |")
        lines += [
            f"| {' '.join(f'`{shown_key(key)}`' for key in action.keys)} | {action.help} | `{action.name}` |"
            for action in members
        ]
        if group == "Tune":
            lines.append("| `1` to `9` | Select the word with that number; with `18w` the digit's own word. | |")
    return "\n".join(lines) + "\n"
