"""Where weights files lie. Imports no torch: a name is looked up before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from voicetrail.errors import WeightsError
from voicetrail.install import HERE
from voicetrail.text import printable


def folders() -> tuple[Path, ...]:
    """Where shipped weights lie: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "weights", package.parent / "weights"


def find_weights(name: str | Path) -> Path:
    """Find a weights file by its name (``directional4w``) or its path.

    Raises:
        WeightsError: there is none; the message names those that ship.
    """
    path = Path(name)
    if path.suffix == ".safetensors" or len(path.parts) > 1:
        if path.is_file():
            return path
        raise WeightsError(f"there is no weights file {printable(path)}; give the path of a .safetensors file")
    for folder in folders():
        if (folder / f"{name}.safetensors").is_file():
            return folder / f"{name}.safetensors"
    known = sorted({path.stem for folder in folders() if folder.is_dir() for path in folder.glob("*.safetensors")})
    raise WeightsError(
        f"there are no weights named {printable(name)!r}; there are {', '.join(known) or f'none: install voicetrail again ({HERE})'}"
    )
