"""The tuning keys: each changes a setting and shows its new value."""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.errors import SettingsError
from voicetrail.settings import Settings, find
from voicetrail.settings.presets import NONE
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.text import counted
from voicetrail.vocabulary import DIGITS, is_word

NOT_YET = "the recognizer is still loading"


class Tuner:
    """Changes settings by keys; every method returns the message to show.

    The change takes effect through ``Settings.subscribe``, so that a key, the settings screen and a preset all work in the same way.

    Args:
        settings: the current settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.shipped: DetectorSettings | None = None
        """The detector settings of the weights, once they are loaded."""
        self.words: tuple[str, ...] = ()
        self.selected: str | None = None
        """The word whose threshold the keys change; ``None`` means all words."""

    def loaded(self, labels: Sequence[str], shipped: DetectorSettings) -> None:
        """Set labels and detector settings of a loaded recognizer."""
        self.shipped = shipped
        self.words = tuple(label for label in labels if is_word(label))
        if self.selected not in self.words:
            self.selected = None

    @property
    def detector(self) -> DetectorSettings | None:
        """The current detector settings; ``None`` before the recognizer is loaded."""
        return None if self.shipped is None else self._settings.detector_settings(self.shipped)

    def select(self, word: str | None) -> str:
        """Select the word whose threshold the keys change."""
        self.selected = word
        detector = self.detector
        if word is None or detector is None:
            return "threshold keys change all words"
        return f"threshold keys change {word}, now {detector.threshold_of(word):.2f}"

    def select_number(self, number: int) -> str:
        """Select the word of a digit, or the word with that number (from 1) if there are no digits; again selects all words."""
        if not self.words:
            return NOT_YET
        digits = [word for word in DIGITS if word in self.words]
        if digits and DIGITS[number] not in digits:
            return f"{number} selects no word; these weights know {', '.join(digits)}, and tab goes through all words"
        if not digits and number > len(self.words):
            return f"there {'is' if len(self.words) == 1 else 'are'} {counted(len(self.words), 'word')}"
        word = DIGITS[number] if digits else self.words[number - 1]
        return self.select(None if word == self.selected else word)

    def select_by(self, places: int) -> str:
        """Select the next word, or the previous one; all words come between the last and the first word."""
        if not self.words:
            return NOT_YET
        order: list[str | None] = [None, *self.words]
        return self.select(order[(order.index(self.selected) + places) % len(order)])

    def move_threshold(self, change: float) -> str:
        """Change the threshold of the selected word, or of all words."""
        if self.shipped is None:
            return NOT_YET
        moved = self._settings.move_threshold(change, self.shipped, self.words, self.selected)
        if len(set(moved.values())) == 1:
            return f"threshold of {self.selected or 'all words'} {next(iter(moved.values())):.2f}"
        shown = ", ".join(f"{word} {threshold:.2f}" for word, threshold in list(moved.items())[:6])
        return f"thresholds {shown}{', …' if len(moved) > 6 else ''}"

    def reset_thresholds(self) -> str:
        """Reset the thresholds to those of the weights."""
        if self.shipped is None:
            return NOT_YET
        self._settings.thresholds_as_shipped(self.shipped, self.selected)
        return f"threshold of {self.selected or 'all words'} reset to the value of the weights"

    def step(self, name: str, steps: int) -> str:
        """Change a setting by a number of its increments, or to its next choice."""
        setting, _ = find(name)
        if self._settings[name] == setting.keyword and self.shipped is None:
            return NOT_YET
        self._settings.step(name, steps, self.shipped)
        return f"{setting.name.replace('_', ' ')} {self._settings.show(setting.name)}"

    def next_preset(self) -> str:
        """Choose the next preset; after the last one, no preset."""
        names = (NONE, *self._settings.preset_names())
        now = self._settings.values.preset
        for name in (*names[names.index(now) + 1 if now in names else 0 :], NONE):
            try:
                self._settings.set("preset", name)
            except SettingsError:
                # Skip a preset of the player whose file is damaged.
                continue
            return f"preset {name}" if name != NONE else "no preset: default tuning"
        return "no preset can be used"
