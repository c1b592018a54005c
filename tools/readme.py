"""Writes the tables of keys, settings and commands into the docs: ``python -m tools.readme``. A test compares them with the code."""

from __future__ import annotations

from pathlib import Path

from voicetrail.keys import markdown_table
from voicetrail.program import COMMANDS
from voicetrail.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = (README, ROOT / "docs" / "settings.md")


def settings_table() -> str:
    """The table of settings."""
    lines = ["| setting | default | values | what it does |", "| --- | --- | --- | --- |"]
    for setting in SETTINGS.values():
        lines.append(
            f"| `{setting.name}` | {_shown(setting.default)} | {setting.range_text} | {setting.help.replace('|', chr(92) + '|')} |"
        )
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value or "empty")


def commands_table() -> str:
    """The rows of the table of commands."""
    return "".join(f"| `voicetrail {name}` | {text} |\n" for name, text in COMMANDS.items())


def filled(text: str) -> str:
    """Return a page with its tables updated from the code."""
    for name, table in (("keys", markdown_table()), ("settings", settings_table()), ("commands", commands_table())):
        if f"<!-- {name} -->\n" in text:
            before, rest = text.split(f"<!-- {name} -->\n", 1)
            text = f"{before}<!-- {name} -->\n{table}<!-- /{name} -->" + rest.split(f"<!-- /{name} -->", 1)[1]
    return text


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
