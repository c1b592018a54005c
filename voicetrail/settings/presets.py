"""Presets: named sets of the values that decide when a word is detected.

Four presets ship with the program. Players can save others, as TOML files in the ``presets`` folder beside the settings file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from voicetrail.atomic import file_lock, replace_file
from voicetrail.errors import SettingsError
from voicetrail.settings import files
from voicetrail.settings.schema import SETTINGS, TUNING, Value
from voicetrail.text import printable

HEADING = "# A preset of voicetrail: the values that decide when a word is detected.\n"
MOST = 200
"""Most saved presets that are read."""
NONE = "none"
"""The empty preset: every value as shipped."""

_AS_SHIPPED: Mapping[str, Value] = MappingProxyType({name: SETTINGS[name].default for name in TUNING})


def _preset(**values: Value) -> Mapping[str, Value]:
    """Make a preset. It sets every tuning value, so that nothing of the previous preset remains."""
    return MappingProxyType({**_AS_SHIPPED, **values})


PRESETS: Mapping[str, Mapping[str, Value]] = MappingProxyType(
    {
        "quiet room": _preset(threshold_shift=-0.08),
        "noisy room": _preset(threshold_shift=0.05),
        # One hop, as shipped with a score filter; taught words, which have none, answer sooner with it.
        "fast": _preset(smoothing=0.04, refractory=0.35),
        "sure": _preset(threshold_shift=0.08, margin=0.2),
    }
)
"""The shipped presets by name, relative to the values that come with the weights. ``python -m bench.presets`` measures the effect
of each."""


class Presets:
    """All presets: the shipped ones and those that a player saved. The constructor reads all files, so that choosing a preset
    reads none.

    Args:
        folder: of the saved presets; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._saved: dict[str, Mapping[str, Value] | SettingsError] = {}
        """The values of each saved preset, or the error in its file."""
        for path in _files(folder):
            try:
                self._saved[path.stem] = _read(path)
            except SettingsError as error:
                self._saved[path.stem] = error

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all presets, shipped ones first, without ``none``."""
        return (*PRESETS, *self._saved)

    def get(self, name: str) -> Mapping[str, Value]:
        """The values of a preset.

        Raises:
            SettingsError: there is no such preset, or its file cannot be used.
        """
        if name == NONE:
            return MappingProxyType({})
        values = PRESETS.get(name) or self._saved.get(name)
        if values is None:
            raise SettingsError(f"no preset {printable(name, 60)!r}; the presets are {', '.join((NONE, *self.names))}")
        if isinstance(values, SettingsError):
            raise values
        return values

    def add(self, name: str, values: Mapping[str, Value]) -> Callable[[], None]:
        """Add a preset; it may replace a saved one, but not a shipped one.

        Returns:
            A function that writes the file of the preset, or raises ``SettingsError``.

        Raises:
            SettingsError: the name is not allowed.
        """
        files.check_name(name, "preset")
        if name in PRESETS or name == NONE:
            raise SettingsError(f"the preset {name!r} ships with the program; choose another name")
        path = self.folder / f"{name}.toml"
        checked = {entry: SETTINGS[entry].check(values[entry]) for entry in TUNING}
        self._saved[name] = MappingProxyType(checked)

        def write() -> None:
            try:
                with file_lock(path):
                    replace_file(path, files.dump(checked, HEADING))
            except OSError as error:
                raise SettingsError(f"the preset cannot be written to {path}: {error.strerror or error}") from None

        return write


def _files(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.glob("*.toml") if files.NAME.fullmatch(path.stem) and path.stem not in PRESETS)
    except OSError:
        return []
    return found[:MOST]


def _read(path: Path) -> Mapping[str, Value]:
    preset = f"the preset {path.stem!r} ({path})"
    try:
        entries = files.read(path).entries
    except files.BrokenFile as broken:
        raise SettingsError(f"{preset}, {broken}; repair the file or delete it") from None
    except OSError as error:
        raise SettingsError(f"{preset} cannot be read: {error.strerror or error}") from None
    if not entries:
        raise SettingsError(f"{preset} is empty; save it again, or delete it")
    unknown = [entry for entry in entries if entry not in TUNING]
    if unknown:
        raise SettingsError(f"{preset} contains {printable(unknown[0], 60)!r}; a preset can contain {', '.join(TUNING)}")
    try:
        return MappingProxyType({**_AS_SHIPPED, **{entry: SETTINGS[entry].check(value) for entry, value in entries.items()}})
    except SettingsError as error:
        raise SettingsError(f"{preset}: {error}") from None
