"""Writes the tables of docs/replays.md: ``python -m tools.replay_page``. A test compares them with the code."""

from __future__ import annotations

from pathlib import Path

from voicetrail.replay.file.codes import CODES
from voicetrail.replay.file.format import HEADER

PAGE = Path(__file__).resolve().parent.parent / "docs" / "replays.md"


def codes_table() -> str:
    """The table of the lines of a replay file."""
    lines = ["| code | what | data |", "| --- | --- | --- |"]
    lines += [f"| `{code.code}` | {code.what} | `{code.data.about}` |" for code in CODES.values()]
    return "\n".join(lines) + "\n"


def header_table() -> str:
    """The table of the values of the header."""
    lines = ["| name | value |", "| --- | --- |"]
    lines += [f"| `{name}` | `{about}` |" for name, about in HEADER.about_each()]
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    """Return the page with its tables updated from the code."""
    for name, table in (("codes", codes_table()), ("header", header_table())):
        before, rest = text.split(f"<!-- {name} -->\n", 1)
        text = f"{before}<!-- {name} -->\n{table}<!-- /{name} -->" + rest.split(f"<!-- /{name} -->", 1)[1]
    return text


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
