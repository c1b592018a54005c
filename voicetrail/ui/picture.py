"""Screenshots."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from textual.app import App

from voicetrail.text import printable


def save_picture(app: App[Any]) -> str:
    """Save the screen as an SVG file in the folder of replays. Returns the message to show."""
    from voicetrail.atomic import replace_file
    from voicetrail.replay.library import folder

    path = folder() / f"{datetime.now():%Y-%m-%d-%H%M%S}.svg"
    try:
        replace_file(path, app.export_screenshot())
    except OSError as error:
        return f"the screenshot cannot be saved: {error.strerror or error} ({printable(path.parent)})"
    return f"saved {printable(path)}"
