"""Finds weights files. Imports no torch: a name is looked up before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from voicetrail.errors import WeightsError
from voicetrail.install import HERE
from voicetrail.text import printable
from voicetrail.whole_folders import put_in_order


def folders() -> tuple[Path, ...]:
    """Folders of the shipped weights: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "weights", package.parent / "weights"


TAUGHT_FILE = "words.safetensors"
"""The weights in the folder of a taught set of words."""

NO_WEIGHTS = frozenset({"negatives"})
"""Names of files beside the weights that are not weights: embeddings for teaching (``teaching.negatives``)."""


def taught_folder() -> Path:
    """The folder that contains one folder for each taught set of words; it need not exist yet."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "words"


def find_weights(name: str | Path) -> Path:
    """Find a weights file by its name (``directional4w``) or its path.

    Raises:
        WeightsError: there is none; the message names the shipped ones.
    """
    path = Path(name)
    if path.suffix == ".safetensors" or len(path.parts) > 1:
        if path.is_file():
            return path
        raise WeightsError(f"there is no weights file {printable(path)}; give the path of a .safetensors file")
    for folder in folders():
        if (folder / f"{name}.safetensors").is_file():
            return folder / f"{name}.safetensors"
    taught = taught_folder() / str(name) / TAUGHT_FILE
    if str(name) not in ("", ".", ".."):
        if not taught.is_file():
            put_in_order(taught_folder())  # a program may have been killed while it replaced the set
        if taught.is_file():
            return taught
    known = sorted({path.stem for folder in folders() if folder.is_dir() for path in folder.glob("*.safetensors")} - NO_WEIGHTS)
    taught_names = sorted(path.parent.name for path in taught_folder().glob(f"*/{TAUGHT_FILE}"))
    known = [*known, *taught_names]
    raise WeightsError(
        f"there are no weights named {printable(name)!r}; there are {', '.join(known) or f'none, so reinstall voicetrail ({HERE})'}"
    )
