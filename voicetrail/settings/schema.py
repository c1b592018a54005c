"""The list of all settings: name, type, default, range, step, choices, unit, and what each does.

The settings file, the environment, the flags, the settings screen, the command and the table in the docs all use this list. Values
are checked only here: with ``check`` if they are typed (TOML, a key), with ``parse`` if they are text (a flag, the environment, a
field on the screen).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from voicetrail.detector_settings import BOUNDS
from voicetrail.errors import SettingsError
from voicetrail.text import is_unicode, printable
from voicetrail.vocabulary import DEFAULT_VOCABULARY, RESERVED, VOCABULARIES

Value = bool | int | float | str | Mapping[str, float]
"""The types of values; a table maps words to numbers."""
Type = Literal["text", "switch", "integer", "number", "choice", "table"]

SHIPPED: Final = "shipped"
"""The value that means: use the value that comes with the weights."""
AUTO: Final = "auto"

LONGEST_TEXT = 1000
WORD = re.compile(r"(?=.{1,40}\Z)[^\s=,.\"'\\\[\]#]+( [^\s=,.\"'\\\[\]#]+)*")
"""A label that can have its own threshold: one that can be written in a flag (``left=0.5``, ``"turn left=0.5"``)."""
ON, OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    type: Type
    default: Value
    help: str
    range: tuple[float, float] | None = None
    """Lowest and highest number, both allowed; for a table, those of each value."""
    step: float = 1
    """How much one key press changes it."""
    choices: tuple[str, ...] = ()
    unit: str = ""
    keyword: str | None = None
    """A word that is allowed instead of a number (``auto``, ``shipped``)."""
    old_name: str = ""
    """Its name in earlier versions, which files, the environment and flags may still use."""

    @property
    def range_text(self) -> str:
        """The allowed values, in words: ``0.05 to 1``, ``on or off``, ``step or glide``."""
        if self.type == "switch":
            return "on or off"
        if self.type == "choice":
            return " or ".join(self.choices)
        if self.range is None:
            return "text"
        text = f"{self.range[0]:g} to {self.range[1]:g}" + (f" {self.unit}" if self.unit else "")
        if self.type == "table":
            return f"for each word {text}"
        return f"{text}, or {self.keyword}" if self.keyword else text

    def check(self, value: object) -> Value:
        """Check a typed value and return it in the setting's own type.

        Raises:
            SettingsError: it has the wrong type or is out of range; the message names the range.
        """
        if self.type == "table":
            return self._check_table(value)
        if self.type in ("number", "integer"):
            return self._check_number(value)
        if self.type == "switch" and isinstance(value, bool):
            return value
        if isinstance(value, str):
            if self.type == "choice" and value in self.choices:
                return value
            if self.type == "text" and _plain(value):
                return value
        raise self.refusal(value)

    def parse(self, text: str) -> Value:
        """Parse the text of a value: ``on``, ``0.5``, ``auto``, ``left=0.5,up=0.6``.

        Raises:
            SettingsError: the text is not a value; the message names the range.
        """
        given = text.strip()
        if self.type == "switch":
            if given.lower() in ON + OFF:
                return given.lower() in ON
            raise self.refusal(text)
        if self.type in ("number", "integer"):
            return self.check(given.lower() if self.keyword and given.lower() == self.keyword else _number(given, text))
        if self.type == "table":
            pairs = [part.partition("=") for part in given.split(",") if part.strip()]
            return self.check({word.strip(): _number(number.strip(), number) for word, _, number in pairs})
        return self.check(given)

    def format(self, value: Value) -> str:
        """The text that ``parse`` reads back as this value."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, Mapping):
            return ",".join(f"{word}={number:g}" for word, number in sorted(value.items()))
        return f"{value:g}" if isinstance(value, float) else str(value)

    def show(self, value: Value) -> str:
        """The value with its unit, for people."""
        text = self.format(value)
        return f"{text} {self.unit}" if self.unit and isinstance(value, int | float) and not isinstance(value, bool) else text

    def refusal(self, value: object) -> SettingsError:
        """The error for a value that is not allowed."""
        return SettingsError(f"{self.name} cannot be {_for_message(value)!r}: it takes {self.range_text}")

    def _check_number(self, value: object) -> Value:
        if isinstance(value, str) and value == self.keyword:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refusal(value)
        # Compared before any conversion, because a TOML integer may be too large for a float.
        low, high = self.range or (-math.inf, math.inf)
        if not low <= value <= high or not (isinstance(value, int) or math.isfinite(value)):
            raise self.refusal(value)
        if self.type == "integer":
            if value != int(value):
                raise SettingsError(f"{self.name} cannot be {value:g}: it takes a whole number, {self.range_text}")
            return int(value)
        return round(float(value), 4)

    def _check_table(self, value: object) -> Value:
        if not isinstance(value, Mapping):
            raise self.refusal(value)
        table: dict[str, float] = {}
        for word, number in value.items():
            table[word] = self.check_entry(word, number)
        return MappingProxyType(table)

    def check_entry(self, word: object, number: object) -> float:
        """Check an entry of a table, and return its number.

        Raises:
            SettingsError: the word is not allowed, or the number is out of range.
        """
        if not isinstance(word, str) or not WORD.fullmatch(word) or word in RESERVED:
            raise SettingsError(f"{self.name}: {printable(word, 40)!r} is not a word; write an entry as in left=0.5")
        low, high = self.range or (-math.inf, math.inf)
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            takes = self.range_text.removeprefix("for each word ")
            raise SettingsError(f"{self.name}.{word} cannot be {_for_message(number)!r}: it takes {takes}")
        return round(float(number), 4)


def _for_message(value: object) -> str:
    """A refused value, for a message."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return "a number beyond 64 bits"  # Python refuses to convert a number with thousands of digits
    return printable(value, 60)


def _plain(text: str) -> bool:
    """Whether a text can be saved and shown: valid Unicode without control characters."""
    return len(text) <= LONGEST_TEXT and is_unicode(text) and not any(ord(c) < 32 or ord(c) == 127 for c in text)


def _number(text: str, given: str) -> float | int | str:
    """Parse a number; anything else is returned as it is, for ``check`` to refuse."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return given


def _of_detector(name: str, help: str, step: float) -> Setting:
    """A number that comes with the weights; its bounds are those of the detector setting."""
    bounds = BOUNDS[name]
    return Setting(name, "number", SHIPPED, help, (bounds.low, bounds.high), step, unit=bounds.unit, keyword=SHIPPED)


OF_DETECTOR = (
    _of_detector("refractory", "refractory time: how long after a detection the same word is not detected again", 0.1),
    _of_detector("smoothing", "smoothing time: how long scores are averaged; shorter is faster, longer more reliable", 0.04),
    _of_detector("margin", "how far a word's score must be ahead of the score of every other word", 0.05),
    _of_detector("talk_shift", "how far running speech raises every threshold", 0.08),
)
"""The detector settings besides the thresholds. What-if (``voicetrail replay``) has a flag for each of them too."""
_THRESHOLD = _of_detector("threshold", "score that a word needs", 0.05)

_ALL = (
    Setting("source", "text", "mic", "source of the sound: mic, demo, a file, tcp://…, unix://…"),
    Setting("device", "text", "", "the microphone, by number or by part of its name; empty means the system's default"),
    Setting("gain", "number", AUTO, "gain between the microphone and the recognizer", (-20.0, 40.0), 1, (), "dB", AUTO),
    Setting("vocabulary", "choice", DEFAULT_VOCABULARY, "the words to listen for", choices=tuple(VOCABULARIES)),
    Setting("weights", "text", "", "weights of the recognizer, by name or file; empty means those of the vocabulary"),
    _THRESHOLD,
    Setting("thresholds", "table", MappingProxyType({}), "score that a single word needs", _THRESHOLD.range, 0.05),
    Setting(
        "threshold_shift",
        "number",
        0.0,
        "shift of the thresholds that come with the weights; those near 1 shift less",
        (-0.4, 0.4),
        0.01,
    ),
    *OF_DETECTOR,
    Setting(
        "step",
        "integer",
        2,
        "step length: how far a word moves the pen; a step is one row, or two columns",
        (1, 20),
        1,
        unit="steps",
    ),
    Setting(
        "movement",
        "choice",
        "step",
        "what a word does: step moves once, glide moves until stop, silence or space",
        choices=("step", "glide"),
        old_name="mode",
    ),
    Setting(
        "glide_speed",
        "number",
        6.0,
        "speed of a glide",
        (1.0, 30.0),
        1,
        unit="steps/s",
    ),
    Setting("glide_silence", "number", 8.0, "a glide ends after this much silence; 0 means never", (0.0, 60.0), 1, unit="s"),
    Setting("push_to_talk", "switch", False, "listen only for a while after space is pressed"),
    Setting("push_to_talk_time", "number", 3.0, "how long to listen after space is pressed", (0.5, 30.0), 0.5, unit="s"),
    Setting("ascii", "switch", False, "draw with ASCII characters only"),
    Setting(
        "slow_connection",
        "switch",
        False,
        "fewer frames and no animations (automatic over SSH)",
        old_name="slow_line",
    ),
    Setting("record", "switch", False, "record every round as a replay"),
    Setting("record_audio", "switch", False, "record the sound too, beside the replay"),
    Setting("record_scores", "switch", True, "record the scores too, for what-if"),
    Setting("preset", "text", "none", "named tuning: quiet room, noisy room, fast, sure, or a preset of your own"),
    Setting("theme", "text", "midnight", "the colors of the screen"),
    Setting("grid", "switch", True, "show a faint grid of dots behind the drawing"),
    Setting("reduced_motion", "switch", False, "no animations besides the game itself (automatic over SSH)"),
    Setting("spectrogram", "switch", False, "show the sound as the recognizer sees it"),
    Setting("pause_after", "number", 12.0, "a round pauses after this much silence; 0 means never", (0.0, 600.0), 1, unit="s"),
    Setting(
        "pause_after_sketch",
        "number",
        30.0,
        "a sketch pauses after this much silence; 0 means never",
        (0.0, 600.0),
        5,
        unit="s",
    ),
    Setting("tutorial", "switch", True, "show the tutorial at the next start"),
)

SETTINGS: Mapping[str, Setting] = MappingProxyType({setting.name: setting for setting in _ALL})
"""Every setting by its name."""

OLD_NAMES: Mapping[str, str] = MappingProxyType({setting.old_name: setting.name for setting in _ALL if setting.old_name})
"""The current name by the name of earlier versions."""

TUNING = ("threshold", "thresholds", "threshold_shift", *(setting.name for setting in OF_DETECTOR))
"""The settings that decide when a word is detected; a preset sets these."""


def split_name(name: str) -> tuple[str, str | None]:
    """Split ``thresholds.left`` into the setting ``thresholds`` and the word ``left``; a name without a dot has no word."""
    base, dot, word = name.partition(".")
    return base, word if dot else None


def find(name: str) -> tuple[Setting, str | None]:
    """Find a setting by its current or old name, and the word in ``thresholds.left``.

    Raises:
        SettingsError: there is no such setting; the message suggests the nearest name.
    """
    base, word = split_name(name)
    setting = SETTINGS.get(base) or SETTINGS.get(OLD_NAMES.get(base, ""))
    if setting is not None and word is None:
        return setting, None
    if setting is not None and word is not None and setting.type == "table" and WORD.fullmatch(word):
        return setting, word
    import difflib

    near = difflib.get_close_matches(base, SETTINGS, 1)
    hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(SETTINGS)}"
    raise SettingsError(f"no setting {printable(name, 60)!r}; {hint}")


def take(name: str, value: object, *, is_text: bool = True) -> tuple[Setting, Value, str]:
    """Check a value from a file, the environment or a flag, under the current or an old name.

    Args:
        name: of a setting, without a word.
        value: typed, or text.
        is_text: text is parsed as a value of any type (a flag); otherwise it stands for itself (TOML has types).

    Returns:
        The setting, its value, and a note if the name is an old one.

    Raises:
        SettingsError: there is no such setting, or the value cannot be used.
    """

    def checked(setting: Setting) -> Value:
        return setting.parse(value) if is_text and isinstance(value, str) else setting.check(value)

    try:
        setting, _ = find(name)
        found = checked(setting)
    except SettingsError:
        if name not in OLD_NAMES:
            raise
        # An old name may now belong to another setting: the value shows which one is meant.
        setting = SETTINGS[OLD_NAMES[name]]
        found = checked(setting)
    return (
        setting,
        found,
        "" if setting.name == name else f"{name} is now called {setting.name}; the value is used for {setting.name}",
    )
