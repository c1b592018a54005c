"""Reads JSON files from outside: with a bounded size, and with one clear line about what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from voicetrail.atomic import read_file
from voicetrail.errors import WeightsError, reason_of
from voicetrail.text import printable

MAX_JSON = 4 * 1024 * 1024
"""Most bytes of a ``model.json`` or ``metadata.json``; a recognizer's have about ten thousand."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a file with one JSON object.

    Raises:
        WeightsError: it cannot be read, is too large, or contains something else.
    """
    try:
        content = read_file(path, MAX_JSON)
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise WeightsError(f"{printable(path)} cannot be read: {printable(reason)}") from None
    if len(content) > MAX_JSON:
        raise WeightsError(f"{printable(path)} is too large for a recognizer (limit: {MAX_JSON} bytes); is it the right file?")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise WeightsError(f"{printable(path)} is not JSON; export the model again") from None
    if not isinstance(value, dict):
        raise WeightsError(f"{printable(path)} was not written by TensorFlow.js: it contains no JSON object")
    return value
