"""Presets: named sets of the values that decide when a word is detected.

Four ship; players save others, each as a TOML file in the ``presets`` folder beside the settings file.
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
"""Saved presets that are read at most."""
NONE = "none"
"""The empty preset: every value as it ships."""

_AS_SHIPPED: Mapping[str, Value] = MappingProxyType({name: SETTINGS[name].default for name in TUNING})


def _preset(**values: Value) -> Mapping[str, Value]:
    """A preset sets all of the tuning, so that nothing of the previous preset remains."""
    return MappingProxyType({**_AS_SHIPPED, **values})


PRESETS: Mapping[str, Mapping[str, Value]] = MappingProxyType(
    {
        "quiet room": _preset(threshold_shift=-0.08),
        "noisy room": _preset(threshold_shift=0.05),
        "fast": _preset(threshold_shift=0.05, smoothing=0.08, refractory=0.35),
        "sure": _preset(threshold_shift=0.08, margin=0.2),
    }
)
"""The presets that ship, by name, in steps from what comes with the weights: ``python -m bench.presets`` measures
what each does."""


class Presets:
    """Every preset that can be chosen: those that ship, and those that a player saved. All are read when this is made, so that
    choosing one reads no file.

    Args:
        folder: of the saved ones; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._saved: dict[str, Mapping[str, Value] | SettingsError] = {}
        """The values of each saved preset, or why its file cannot be used."""
        for path in _files(folder):
            try:
                self._saved[path.stem] = _read(path)
            except SettingsError as error:
                self._saved[path.stem] = error

    @property
    def names(self) -> tuple[str, ...]:
        """Every preset there is, the shipped ones first; not ``none``."""
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
            raise SettingsError(f"no preset {printable(name, 60)!r}; there are {', '.join((NONE, *self.names))}")
        if isinstance(values, SettingsError):
            raise values
        return values

    def add(self, name: str, values: Mapping[str, Value]) -> Callable[[], None]:
        """Add tuning values under a name; one that a player saved is replaced, one that ships is not.

        Returns:
            A function that writes its file, or raises ``SettingsError``.

        Raises:
            SettingsError: the name cannot be used.
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
        raise SettingsError(f"{preset}, {broken}; fix the file or delete it") from None
    except OSError as error:
        raise SettingsError(f"{preset} cannot be read: {error.strerror or error}") from None
    if not entries:
        raise SettingsError(f"{preset} holds nothing; save one by that name again, or delete it")
    unknown = [entry for entry in entries if entry not in TUNING]
    if unknown:
        raise SettingsError(f"{preset} holds {printable(unknown[0], 60)!r}; a preset takes {', '.join(TUNING)}")
    try:
        return MappingProxyType({**_AS_SHIPPED, **{entry: SETTINGS[entry].check(value) for entry, value in entries.items()}})
    except SettingsError as error:
        raise SettingsError(f"{preset}: {error}") from None
