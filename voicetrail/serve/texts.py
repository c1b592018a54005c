"""Every text of the page, from its one place: ``static/texts.json``."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files

STATIC = files("voicetrail.serve") / "static"
"""Folder of everything that the page is made of."""


@cache
def texts() -> dict[str, str]:
    """Every text by its name."""
    found: dict[str, str] = json.loads((STATIC / "texts.json").read_text("utf-8"))
    return found


def page() -> str:
    """The page: its frame with the texts in their places, and all of them for its script."""
    frame = (STATIC / "index.html").read_text("utf-8")
    for name, text in texts().items():
        frame = frame.replace("{{" + name + "}}", escape(text))
    # A closing tag inside the data would end the block.
    return frame.replace("{{texts}}", json.dumps(texts(), ensure_ascii=False).replace("<", "\\u003c"))


def short_page(name: str) -> str:
    """A page with one sentence and no script, for a request that is refused."""
    title, text = escape(texts()["title"]), escape(texts()[name])
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><p>{text}</p></html>\n'
