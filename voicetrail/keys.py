"""The list of all actions and their keys.

The app's bindings, its footer, the help screen, the command palette and the table in the docs are generated from it. The ``[keys]``
table of the settings file can change keys: ``undo = "z"`` or ``undo = ["z", "backspace"]``. ``voicetrail.key_names`` defines the names
of keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from voicetrail.key_names import KeyNameError, letters_on_key, parse_key

Group = Literal["Draw", "Listen", "Tune", "Round", "Screens"]
GROUPS: tuple[Group, ...] = ("Draw", "Listen", "Tune", "Round", "Screens")


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its keys."""

    name: str
    """Name in the settings; the screen's method is ``action_<name>``."""
    keys: tuple[str, ...]
    """A character, or a name such as ``up``, ``space``, ``f1``, ``ctrl+q``."""
    label: str
    """A word or two, for the footer and the palette."""
    help: str
    """One sentence, for the help screen and the palette."""
    group: Group
    footer: bool = False
    """Whether the footer shows the action."""
    call: str = ""
    """The call that the screen runs, if it is not just the name: ``threshold(-0.05)``."""
    other_layouts: tuple[str, ...] = ()
    """Letters of the same keys on keyboards of other alphabets; they work too, but are not shown."""

    @property
    def all_keys(self) -> tuple[str, ...]:
        """Every key that runs the action."""
        return self.keys + self.other_layouts

    @property
    def runs(self) -> str:
        """The call that the screen runs."""
        return self.call or self.name


ACTIONS: tuple[Action, ...] = (
    Action("draw_up", ("up",), "Up", "Draw up, like the word up.", "Draw"),
    Action("draw_down", ("down",), "Down", "Draw down, like the word down.", "Draw"),
    Action("draw_left", ("left",), "Left", "Draw to the left, like the word left.", "Draw"),
    Action("draw_right", ("right",), "Right", "Draw to the right, like the word right.", "Draw"),
    Action("undo", ("u",), "Undo", "Undo the last stroke, or the last clear.", "Draw", footer=True),
    Action("redo", ("U",), "Redo", "Redo the stroke that was undone last.", "Draw"),
    Action("clear", ("c",), "Clear", "Clear the drawing; undo restores it.", "Draw", footer=True),
    Action("pen", ("e",), "Next pen", "Choose the next pen: light, heavy, double, dotted, block.", "Draw"),
    Action("color", ("o",), "Next color", "Choose the next of eight colors.", "Draw"),
    Action("pen_up", ("w",), "Pen up or down", "Lift the pen to move without drawing, or put it down.", "Draw"),
    Action("step_shorter", ("-",), "Shorter steps", "Reduce the step length.", "Draw", call="step_setting('step',-1)"),
    Action("step_longer", ("+", "="), "Longer steps", "Increase the step length.", "Draw", call="step_setting('step',1)"),
    Action(
        "movement",
        ("g",),
        "Step or glide",
        "Switch between one step per word and a pen that glides.",
        "Draw",
        call="step_setting('movement',1)",
    ),
    Action(
        "glide_slower", ("v",), "Glide slower", "Reduce the speed of a glide.", "Draw", call="step_setting('glide_speed',-1)"
    ),
    Action(
        "glide_faster", ("V",), "Glide faster", "Increase the speed of a glide.", "Draw", call="step_setting('glide_speed',1)"
    ),
    Action(
        "listening",
        ("space",),
        "Listen",
        "Stop or start listening; also ends a glide. With push to talk: listen for a while.",
        "Listen",
        footer=True,
    ),
    Action(
        "push_to_talk",
        ("p",),
        "Push to talk",
        "Turn push to talk on or off: listen only for a while after space.",
        "Listen",
        call="step_setting('push_to_talk',1)",
    ),
    Action(
        "threshold_down",
        ("[",),
        "Hear more",
        "Lower the threshold of the selected word, or of all words, by 0.05.",
        "Tune",
        call="threshold(-0.05)",
    ),
    Action("threshold_up", ("]",), "Hear less", "Raise the threshold by 0.05.", "Tune", call="threshold(0.05)"),
    Action(
        "threshold_down_fine", ("{",), "Hear a little more", "Lower the threshold by 0.01.", "Tune", call="threshold(-0.01)"
    ),
    Action("threshold_up_fine", ("}",), "Hear a little less", "Raise the threshold by 0.01.", "Tune", call="threshold(0.01)"),
    Action("select_next", ("tab",), "Next word", "Select the next word; after the last one, all words.", "Tune"),
    Action("select_previous", ("shift+tab",), "Previous word", "Select the previous word.", "Tune"),
    Action("select_all", ("escape",), "All words", "Select all words again.", "Tune"),
    Action("thresholds_reset", ("0",), "Thresholds as shipped", "Reset the thresholds to those of the weights.", "Tune"),
    Action(
        "refractory_shorter",
        ("<",),
        "Repeat sooner",
        "Detect the same word again sooner.",
        "Tune",
        call="step_setting('refractory',-1)",
    ),
    Action(
        "refractory_longer",
        (">",),
        "Repeat later",
        "Wait longer before the same word is detected again.",
        "Tune",
        call="step_setting('refractory',1)",
    ),
    Action(
        "smoothing_faster",
        ("(",),
        "Faster",
        "Average scores over a shorter time: faster, but less reliable.",
        "Tune",
        call="step_setting('smoothing',-1)",
    ),
    Action(
        "smoothing_surer",
        (")",),
        "Surer",
        "Average scores over a longer time: slower, but more reliable.",
        "Tune",
        call="step_setting('smoothing',1)",
    ),
    Action("preset", ("n",), "Next preset", "Choose the next preset: quiet room, noisy room, fast, sure, your own.", "Tune"),
    Action("pause", ("b",), "Pause", "Pause or continue the round.", "Round"),
    Action("record", ("r",), "Record", "Start or stop recording the round to a file.", "Round", footer=True),
    Action("marker", ("m",), "Marker", "Set a marker in the recording.", "Round"),
    Action("settings", ("s",), "Settings", "Show every setting with its value, range and origin.", "Screens", footer=True),
    Action("microphone", ("d",), "Microphone", "Choose a sound input by its level.", "Screens", footer=True),
    Action("calibrate", ("k",), "Calibrate", "Set thresholds and gain for your voice, in under a minute.", "Screens"),
    Action("replays", ("l",), "Replays", "Show the recorded rounds: play, rename, delete.", "Screens"),
    Action("spectrogram", ("f",), "Spectrogram", "Show or hide the spectrogram of the recognizer's input.", "Screens"),
    Action("theme", ("t",), "Dark or light", "Switch between a dark and a light theme.", "Screens"),
    Action("screenshot", ("S",), "Screenshot", "Save the screen as an SVG picture.", "Screens"),
    Action("help", ("?", "f1"), "Help", "Show what every key does, and how to say the words.", "Screens", footer=True),
    Action("command_palette", ("ctrl+p",), "Palette", "Find any action by its name.", "Screens"),
    Action("quit", ("q", "ctrl+q"), "Quit", "Leave the game.", "Screens", footer=True),
)
"""Every action, in the order of the help. The digits 1 to 9, which select a word, cannot be rebound."""

WORD_DIGITS = "123456789"
ALWAYS_QUITS = "ctrl+q"
"""This key always quits and cannot be bound to another action."""
OLD_NAMES: Mapping[str, str] = MappingProxyType({"mode": "movement"})
"""Current names of actions by their names in earlier versions."""

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
    """Return a key as shown to the player."""
    return _SHOWN.get(key, key.replace("ctrl+", "ctrl-"))


def shown_keys(action: Action) -> str:
    """Return all keys of an action, as shown to the player."""
    return " ".join(shown_key(key) for key in action.keys) or "–"


def rebind(overrides: Mapping[str, object], actions: Sequence[Action] = ACTIONS) -> tuple[tuple[Action, ...], list[str]]:
    """Apply the ``[keys]`` table of a settings file.

    Args:
        overrides: a key or a list of keys for each action name; an empty list removes all keys.
        actions: the actions to change.

    Returns:
        The actions with their new keys, and one line for each problem: an unknown action, an invalid key, or a key for two actions.
        A requested key has priority over a default key; of two actions that request the same key, the first one gets it. An action
        without a usable key keeps its keys.
    """
    problems: list[str] = []
    asked = _asked_keys(overrides, {action.name for action in actions}, problems)
    owner = _owners(asked, actions, problems)
    result = [replace(action, keys=_keys_left(action, asked.get(action.name), owner, problems)) for action in actions]
    return with_other_layouts(result), problems


def _asked_keys(overrides: Mapping[str, object], known: Collection[str], problems: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the valid requested keys by action; problems are added to the list."""
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
    """Return the keys that an action can have; problems are added to the list."""
    keys = []
    for text in texts:
        try:
            key = parse_key(text)
        except KeyNameError as error:
            problems.append(f"keys: {name}: {error}")
            continue
        if key in WORD_DIGITS:
            problems.append(f"keys: {key} selects a word and cannot be used for {name}")
        elif key == ALWAYS_QUITS and name != "quit":
            problems.append(f"keys: {shown_key(key)} always leaves the game and cannot be used for {name}")
        else:
            keys.append(key)
    return tuple(dict.fromkeys(keys))


def _owners(asked: Mapping[str, tuple[str, ...]], actions: Sequence[Action], problems: list[str]) -> dict[str, str]:
    """Return the action that gets each requested key: the first one in the list."""
    owner: dict[str, str] = {}
    for action in actions:
        for key in asked.get(action.name, ()):
            if key in owner:
                problems.append(f"keys: {shown_key(key)} is requested by {owner[key]} and {action.name}; {owner[key]} gets it")
            else:
                owner[key] = action.name
    return owner


def _keys_left(action: Action, asked: tuple[str, ...] | None, owner: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """Return the keys of an action that no other action got; problems are added to the list."""
    before = action.keys if asked is None else asked
    keys = tuple(key for key in before if owner.get(key, action.name) == action.name)
    if action.name == "quit" and not keys:
        problems.append(f"keys: one key must quit the game; quit keeps {shown_key(ALWAYS_QUITS)}")
        return (ALWAYS_QUITS,)
    if asked is None and action.keys and not keys:
        taken = action.keys[0]
        problems.append(f"keys: {shown_key(taken)} now belongs to {owner[taken]}; {action.name} has no key left")
    return keys


def with_other_layouts(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Add the letters of the same keys on keyboards of other alphabets, unless another action uses them."""
    taken = {key for action in actions for key in action.keys}
    result = []
    for action in actions:
        letters = tuple(letter for key in action.keys for letter in letters_on_key(key) if letter not in taken)
        taken.update(letters)
        result.append(replace(action, other_layouts=letters))
    return tuple(result)


def by_group(actions: Iterable[Action] = ACTIONS) -> dict[Group, list[Action]]:
    """Return the actions by group, in order."""
    groups: dict[Group, list[Action]] = {group: [] for group in GROUPS}
    for action in actions:
        groups[action.group].append(action)
    return groups


def markdown_table(actions: Iterable[Action] = ACTIONS) -> str:
    """Return the table of keys for the docs."""
    lines = ["| key | what it does | action |", "| --- | --- | --- |"]
    for group, members in by_group(actions).items():
        lines.append(f"| **{group}** | | |")
        lines += [
            f"| {' '.join(f'`{shown_key(key)}`' for key in action.keys)} | {action.help} | `{action.name}` |"
            for action in members
        ]
        if group == "Tune":
            lines.append("| `1` to `9` | Select the word with this number; in the vocabulary `18w`, the digit itself. | |")
    return "\n".join(lines) + "\n"
