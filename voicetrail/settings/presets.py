"""Presets: the values that decide when a word is taken, together under a name.

Four ship; others are saved under a name of one's own as a TOML file each in the ``presets`` folder beside the settings file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from voicetrail.atomic import file_lock, replace_file
from voicetrail.errors import SettingsError
from voicetrail.settings import files
from voicetrail.settings.schema import SETTINGS, TUNING, Value
from voicetrail.text import printable

NONE = "none"
"""The preset that holds nothing: every value as it ships."""

_AS_SHIPPED: Mapping[str, Value] = MappingProxyType({name: SETTINGS[name].default for name in TUNING})


def _preset(**values: Value) -> Mapping[str, Value]:
    """A preset decides all of the tuning, so that going from one to another leaves nothing of the first behind."""
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


def preset_names(folder: Path) -> tuple[str, ...]:
    """Every preset there is, the shipped ones first."""
    own = sorted(path.stem for path in folder.glob("*.toml") if files.NAME.fullmatch(path.stem)) if folder.is_dir() else []
    return (*PRESETS, *(name for name in own if name not in PRESETS))


def load_preset(name: str, folder: Path) -> Mapping[str, Value]:
    """The values of a preset.

    Raises:
        SettingsError: there is none of that name, or its file cannot be used.
    """
    if name == NONE:
        return MappingProxyType({})
    if name in PRESETS:
        return PRESETS[name]
    known = ", ".join((NONE, *preset_names(folder)))
    if not files.NAME.fullmatch(name):
        raise SettingsError(f"no preset {printable(name, 60)!r}; there are {known}")
    path = folder / f"{name}.toml"
    try:
        entries, _ = files.read(path)
    except files.BrokenFile as broken:
        raise SettingsError(f"the preset {name!r} ({path}), {broken}; mend the file or delete it") from None
    except OSError as error:
        raise SettingsError(f"the preset {name!r} cannot be read from {path}: {error.strerror or error}") from None
    if not entries:
        raise SettingsError(f"no preset {printable(name, 60)!r}; there are {known}")
    unknown = [entry for entry in entries if entry not in TUNING]
    if unknown:
        raise SettingsError(
            f"the preset {name!r} ({path}) holds {printable(unknown[0], 60)!r}; a preset takes {', '.join(TUNING)}"
        )
    try:
        return MappingProxyType({**_AS_SHIPPED, **{entry: SETTINGS[entry].check(value) for entry, value in entries.items()}})
    except SettingsError as error:
        raise SettingsError(f"the preset {name!r} ({path}): {error}") from None


def save_preset(name: str, values: Mapping[str, Value], folder: Path) -> Path:
    """Save tuning values under a name; one of one's own is replaced, a shipped one is not.

    Raises:
        SettingsError: the name cannot be used, or the file cannot be written.
    """
    files.check_name(name, "preset")
    if name in PRESETS or name == NONE:
        raise SettingsError(f"the preset {name!r} ships with the program; choose another name")
    path = folder / f"{name}.toml"
    kept = {entry: SETTINGS[entry].check(values[entry]) for entry in TUNING}
    try:
        with file_lock(path):
            replace_file(path, files.dump(kept))
    except OSError as error:
        raise SettingsError(f"the preset cannot be written to {path}: {error.strerror or error}") from None
    return path
