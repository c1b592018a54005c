"""What the tuning keys do: each changes a setting and says what it is now."""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.errors import SettingsError
from voicetrail.settings import Settings, find
from voicetrail.settings.presets import NONE
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import DIGITS, is_word

NOT_YET = "the recognizer is still being loaded"


class Tuner:
    """Changes settings by keys; every method returns the line to show.

    The effect itself comes by ``Settings.watch``, so that a key, the settings screen and a preset all work the same way.

    Args:
        settings: the settings of the run.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.shipped: DetectorSettings | None = None
        """What ships with the weights, once they are loaded."""
        self.words: tuple[str, ...] = ()
        self.selected: str | None = None
        """The word that threshold keys change; ``None`` is all."""

    def loaded(self, labels: Sequence[str], shipped: DetectorSettings) -> None:
        """The recognizer is there."""
        self.shipped = shipped
        self.words = tuple(label for label in labels if is_word(label))
        if self.selected not in self.words:
            self.selected = None

    @property
    def detector(self) -> DetectorSettings | None:
        """What decides now; ``None`` before the recognizer is there."""
        return None if self.shipped is None else self._settings.detector_settings(self.shipped)

    def select(self, word: str | None) -> str:
        """Choose the word whose threshold the keys change."""
        self.selected = word
        detector = self.detector
        if word is None or detector is None:
            return "threshold keys change all words"
        return f"threshold keys change {word}, now {detector.threshold_of(word):.2f}"

    def select_number(self, number: int) -> str:
        """Choose the word of a digit, or in a vocabulary without digits the word with that number, from 1; again for all words."""
        if not self.words:
            return NOT_YET
        digits = [word for word in DIGITS if word in self.words]
        if digits and DIGITS[number] not in digits:
            return f"{number} selects no word: these weights know {', '.join(digits)}; tab goes through all words"
        if not digits and number > len(self.words):
            return f"there {'is 1 word' if len(self.words) == 1 else f'are {len(self.words)} words'}"
        word = DIGITS[number] if digits else self.words[number - 1]
        return self.select(None if word == self.selected else word)

    def select_by(self, places: int) -> str:
        """Choose the next word, or the one before; between the last and the first come all words."""
        if not self.words:
            return NOT_YET
        order: list[str | None] = [None, *self.words]
        return self.select(order[(order.index(self.selected) + places) % len(order)])

    def move_threshold(self, change: float) -> str:
        """Move the threshold of the selected word, or of all."""
        if self.shipped is None:
            return NOT_YET
        moved = self._settings.move_threshold(change, self.shipped, self.words, self.selected)
        if len(set(moved.values())) == 1:
            return f"threshold of {self.selected or 'all words'} {next(iter(moved.values())):.2f}"
        shown = ", ".join(f"{word} {threshold:.2f}" for word, threshold in list(moved.items())[:6])
        return f"thresholds {shown}{', …' if len(moved) > 6 else ''}"

    def reset_thresholds(self) -> str:
        """Go back to the thresholds that ship with the weights."""
        if self.shipped is None:
            return NOT_YET
        self._settings.thresholds_as_shipped(self.shipped, self.selected)
        return f"threshold of {self.selected or 'all words'} as it ships with the weights"

    def step(self, name: str, steps: int) -> str:
        """Move any setting by its step, or to its next choice."""
        setting, _ = find(name)
        if self._settings[name] == setting.keyword and self.shipped is None:
            return NOT_YET
        self._settings.step(name, steps, self.shipped)
        return f"{setting.name.replace('_', ' ')} {self._settings.show(setting.name)}"

    def next_preset(self) -> str:
        """Take the next preset; after the last one, none."""
        names = (NONE, *self._settings.preset_names())
        now = self._settings.values.preset
        for name in (*names[names.index(now) + 1 if now in names else 0 :], NONE):
            try:
                self._settings.set("preset", name)
            except SettingsError:
                # A preset of one's own whose file is broken is passed over.
                continue
            return f"preset {name}" if name != NONE else "no preset: everything as it ships"
        return "no preset can be used"
