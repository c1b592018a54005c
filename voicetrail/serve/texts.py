"""The texts of the page, from ``static/texts.json``."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files

STATIC = files("voicetrail.serve") / "static"
"""Folder with the page's files."""


@cache
def texts() -> dict[str, str]:
    """Return the texts by name."""
    found: dict[str, str] = json.loads((STATIC / "texts.json").read_text("utf-8"))
    return found


def page() -> str:
    """Return the page with its texts filled in, and with all texts for its script."""
    frame = (STATIC / "index.html").read_text("utf-8")
    for name, text in texts().items():
        frame = frame.replace("{{" + name + "}}", escape(text))
    # A closing tag in the data would end the block.
    return frame.replace("{{texts}}", json.dumps(texts(), ensure_ascii=False).replace("<", "\\u003c"))


def short_page(name: str) -> str:
    """Return a page with one sentence and without a script, for a refused request."""
    title, text = escape(texts()["title"]), escape(texts()[name])
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><p>{text}</p></html>\n'
