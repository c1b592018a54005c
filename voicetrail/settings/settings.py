"""The settings of a run: read once from every place, changed by keys, saved for the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from voicetrail.errors import SettingsError, WeightsError
from voicetrail.settings import files
from voicetrail.settings.presets import Presets
from voicetrail.settings.schema import SETTINGS, SHIPPED, TUNING, WORD, Setting, Value, find
from voicetrail.settings.state import StateWriter
from voicetrail.settings.values import Layer, Origin, Resolved, SettingValues, resolve
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.locate import find_weights
from voicetrail.text import printable

SUPERSEDED: Mapping[str, tuple[str, ...]] = MappingProxyType({"threshold": ("thresholds",), "preset": TUNING})
"""The settings that a change also resets: a threshold for all words resets those of single words, a preset all earlier
tuning."""


class Settings:
    """The current settings. Made by ``load_settings``; changed from one thread, read from any.

    ``values`` has them typed: ``settings.values.threshold``. What goes by names (a list, a flag, a key) uses ``settings[name]``.

    Args:
        layers: the values of each place, the weakest first, without the defaults.
        paths: the files.
        presets: the available presets.
        writer: writes changes made with keys.
        keys: the ``[keys]`` table, as ``voicetrail.keys.rebind`` takes it.
        notices: messages for the player: broken files, ignored values.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        paths: files.SettingsFiles,
        presets: Presets,
        writer: StateWriter,
        keys: Mapping[str, object] = MappingProxyType({}),
        notices: Sequence[str] = (),
    ) -> None:
        self.paths = paths
        self.presets = presets
        self.writer = writer
        self.keys = keys
        self.notices = tuple(notices)
        self.locked: frozenset[str] = frozenset()
        """Settings that cannot be changed in this run, because the host fixed them."""
        self._session = Layer("key")
        self._layers = [*layers, self._session]
        self._state = next((layer for layer in layers if layer.origin == "key"), Layer("key"))
        self._subscribers: list[Callable[[frozenset[str]], None]] = []
        self._resolve()

    @property
    def values(self) -> SettingValues:
        """The current values. This record does not change with the settings: read it again after a change."""
        return self._values

    def __getitem__(self, name: str) -> Value:
        """The value of a setting by its name; ``thresholds.left`` is one word's."""
        setting, word = find(name)
        if word is None:
            return self._resolved.values[setting.name]
        if word not in self._values.thresholds:
            raise SettingsError(f"{word!r} has no threshold of its own; it uses the shipped one")
        return self._values.thresholds[word]

    def __iter__(self) -> Iterator[str]:
        return iter(SETTINGS)

    def origin(self, name: str) -> Origin:
        """Where the value of a setting came from."""
        setting, word = find(name)
        if word is not None:
            return self._resolved.word_origins.get(word, "default")
        return self._resolved.origins[setting.name]

    def show(self, name: str) -> str:
        """The value of a setting for a person, with its unit."""
        return printable(SETTINGS[name].show(self[name]))

    def subscribe(self, changed: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Call a function after every change from now on, once per change, with the names of all settings that changed.

        Returns:
            A function that ends the subscription.
        """
        self._subscribers.append(changed)
        return lambda: self._subscribers.remove(changed)

    def set(self, name: str, value: object) -> None:
        """Change a setting for this run and the next ones, as a key does; ``thresholds.left`` is one word's.

        A threshold for all words resets those of single words; a preset resets all earlier tuning. If the default is an empty text,
        an empty text unsets the setting, unless a file, the environment or a flag would then give it a value.

        Raises:
            SettingsError: the value is out of range (nothing changes), or it cannot be saved (it applies to this run).
        """
        self.set_all({name: value})

    def set_all(self, values: Mapping[str, object]) -> None:
        """Change several settings in one change, in their order; see ``set``.

        Raises:
            SettingsError: one of them is invalid (nothing changes), or they cannot be saved (they apply to this run).
        """
        changes: dict[str, Value | None] = {}
        for name, value in values.items():
            setting, word = find(name)
            checked = checked_change(setting, word, value, self.presets)
            key = setting.name if word is None else f"{setting.name}.{word}"
            if checked is None and self._given_without_keys(key):
                checked = ""  # unsetting it would bring that value back
            superseded = SUPERSEDED.get(key, ())
            changes = {
                earlier: given for earlier, given in changes.items() if earlier.partition(".")[0] not in (key, *superseded)
            }
            changes |= {**dict.fromkeys(superseded), key: checked}
        self._change(changes)

    def reset(self, name: str) -> None:
        """Undo changes made with keys: the value of the file, the environment or a flag applies again, or the default.

        Raises:
            SettingsError: there is no such setting, or the change cannot be saved.
        """
        setting, word = find(name)
        self._change({setting.name if word is None else name: None})

    def step(self, name: str, steps: int, shipped: DetectorSettings | None = None) -> Value:
        """Move a number by whole steps, or a switch or choice to the next, as a key does; return the new value.

        Args:
            name: the setting.
            steps: how many; negative for down.
            shipped: the values that come with the weights; the start of a step if the value is ``shipped``.

        Raises:
            SettingsError: that would leave the range.
        """
        setting, _ = find(name)
        name = setting.name
        now = self[name]
        if isinstance(now, bool):
            self.set(name, not now)
        elif setting.type == "choice":
            self.set(name, setting.choices[(setting.choices.index(str(now)) + steps) % len(setting.choices)])
        else:
            start = now if isinstance(now, int | float) else getattr(shipped, name, 0.0)
            self.set(name, self._moved(name, float(start), steps * setting.step))
        return self[name]

    def move_threshold(
        self, change: float, shipped: DetectorSettings, words: Sequence[str], selected: str | None = None
    ) -> Mapping[str, float]:
        """Change the threshold of the selected word, or of all words, each from its current value.

        Args:
            change: by how much; negative for lower.
            shipped: the values that come with the weights.
            words: every word of the recognizer.
            selected: only this word; ``None`` for all.

        Returns:
            The new thresholds of these words.

        Raises:
            SettingsError: none of them can be changed further; the message names the range.
        """
        now = self.detector_settings(shipped)
        chosen = [word for word in (words if selected is None else [selected]) if WORD.fullmatch(word)]
        if not chosen:
            raise SettingsError(
                f"the label {printable(selected or '', 40)!r} of these weights cannot have a threshold of its own"
            )
        low, high = SETTINGS["threshold"].range or (0.0, 1.0)
        moved = {word: round(min(max(now.threshold_of(word) + change, low), high), 4) for word in chosen}
        if all(abs(now.threshold_of(word) - threshold) < 1e-9 for word, threshold in moved.items()):
            raise SettingsError(f"the threshold cannot go {'higher' if change > 0 else 'lower'}: it takes {low:g} to {high:g}")
        self._change({f"thresholds.{word}": threshold for word, threshold in moved.items()})
        return MappingProxyType(moved)

    def thresholds_as_shipped(self, shipped: DetectorSettings, selected: str | None = None) -> None:
        """Restore the shipped thresholds, for the selected word or for all.

        Raises:
            SettingsError: the change cannot be saved.
        """
        if selected is None:
            self._change({"thresholds": None, "threshold": SHIPPED, "threshold_shift": 0.0})
        else:
            self._change({f"thresholds.{selected}": shipped.threshold_of(selected)})

    def detector_settings(self, shipped: DetectorSettings) -> DetectorSettings:
        """The detector's settings; values that are ``shipped`` come from the weights."""
        return self._values.detector_settings(shipped)

    def preset_names(self) -> tuple[str, ...]:
        """The names of all presets, without ``none``."""
        return self.presets.names

    def save_preset(self, name: str) -> None:
        """Save the current tuning as a preset, and select it.

        Raises:
            SettingsError: the name is not allowed, or the file cannot be written.
        """
        self.writer.run(self.presets.add(name, {entry: self[entry] for entry in TUNING}))
        self.set("preset", name)

    def close(self) -> None:
        """Wait briefly until all changes are on the disk."""
        self.writer.close()

    def _moved(self, name: str, start: float, change: float) -> float:
        """Change a number; the last step may be shorter, to reach the end of the range."""
        low, high = SETTINGS[name].range or (float("-inf"), float("inf"))
        target = round(start + change, 4)
        if (change > 0 and start < high < target) or (change < 0 and start > low > target):
            return high if change > 0 else low
        return target

    def _change(self, changes: Mapping[str, Value | None]) -> None:
        for name in changes:
            if name.partition(".")[0] in self.locked:
                raise SettingsError(f"{name} cannot be changed here: the host has fixed it")
        for layer in (self._session, self._state):
            entries = {name: value for name, value in changes.items() if layer is self._session or value is None}
            layer.entries = files.apply_changes(layer.entries, entries)
        self._resolve()
        try:
            self.writer.keep(changes)
        finally:
            names = frozenset(changes)
            for changed in tuple(self._subscribers):
                changed(names)

    def _given_without_keys(self, name: str) -> bool:
        """Whether a place other than keys sets the setting to a value that is not empty."""
        keys = (self._session, self._state)
        return any(layer.entries.get(name, "") != "" for layer in self._layers if not any(layer is each for each in keys))

    def _resolve(self) -> None:
        self._resolved: Resolved = resolve(self._layers, self._preset_values)
        self._values = SettingValues.of(self._resolved.values)

    def _preset_values(self, name: str) -> Mapping[str, Value]:
        try:
            return self.presets.get(name)
        except SettingsError as error:
            # The file of a preset may be deleted at any time; the game continues without it.
            self.notices = tuple(dict.fromkeys((*self.notices, str(error))))
            return {}


def checked_change(setting: Setting, word: str | None, value: object, presets: Presets) -> Value | None:
    """Check a new value of a setting, including whether the preset or weights that it names exist.

    Args:
        setting: the setting.
        word: a word of ``thresholds``, if any.
        value: of the setting's type, or a number for a word.
        presets: the available presets.

    Returns:
        The checked value; ``None`` to unset the setting.

    Raises:
        SettingsError: the value is invalid.
    """
    if word is not None:
        return setting.check_entry(word, value)
    checked = setting.check(value)
    if checked == "" and setting.default == "":
        return None
    if setting.name == "preset":
        presets.get(str(checked))
    elif setting.name == "weights":
        try:
            find_weights(str(checked))
        except WeightsError as error:
            raise SettingsError(f"weights cannot be {printable(checked, 60)!r}: {error}") from None
    return checked
