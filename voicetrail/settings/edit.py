"""Changes the settings file that a person edits, in their hand: comments, order and blank lines stay."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voicetrail.atomic import file_lock, replace_file
from voicetrail.errors import SettingsError
from voicetrail.settings import files
from voicetrail.settings.schema import Value
from voicetrail.text import printable

HEADING = "# Settings of voicetrail; `voicetrail settings` lists them all with their ranges.\n"


def edit_settings_file(path: Path, changes: Mapping[str, Value | None]) -> None:
    """Set entries of a settings file, or remove them where the change is ``None``.

    Args:
        path: the file; made with its folder when missing.
        changes: checked values by the setting's name; ``thresholds.left`` is one word's.

    Raises:
        SettingsError: the file is broken (it is left as it is; the message has line and reason), or it cannot be written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        with file_lock(path):
            entries, text = files.read(path)
            wanted = files.apply_changes(entries, changes)
            if wanted == entries:
                return
            document = tomlkit.parse(text or HEADING)
            for name, value in changes.items():
                _change(document, name, value)
            written = tomlkit.dumps(document)
            if tomllib.loads(written) != wanted:
                raise SettingsError(f"{path} is written in a way that the program cannot change safely; edit it by hand")
            replace_file(path, written, mode=None)
    except files.BrokenFile as broken:
        raise SettingsError(f"{path}, {broken}; mend it by hand, or delete it to begin with defaults") from None
    except (TOMLKitError, ValueError) as error:
        raise SettingsError(f"{path} cannot be changed by the program ({printable(error)}); edit it by hand") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}") from None


def _change(document: Any, name: str, value: Value | None) -> None:
    """Change one entry of tomlkit's document, whose types say little."""
    import tomlkit

    base, _, word = name.partition(".")
    if not word:
        if value is None:
            document.pop(base, None)
        elif isinstance(value, Mapping):
            document[base] = tomlkit.item(dict(value))
        else:
            document[base] = value
        return
    if not isinstance(document.get(base), Mapping):
        if value is None:
            return
        document[base] = tomlkit.table()
    if value is None:
        document[base].pop(word, None)
        if not document[base]:
            del document[base]
    else:
        document[base][word] = value
