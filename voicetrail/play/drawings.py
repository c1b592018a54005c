"""Saved drawings, which can be continued with all their undo history, and backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voicetrail.atomic import read_file
from voicetrail.errors import ReplayError, UsageError, reason_of
from voicetrail.game import Input, Leave, Resume, RoundSetup, SetBackground, Stop, make_rules
from voicetrail.game.inputs import BACKGROUND_MAX, is_input
from voicetrail.play.context import SessionContext
from voicetrail.play.recording import LAST_DRAWING
from voicetrail.play.rounds.round import Round
from voicetrail.play.rounds.setups import with_settings
from voicetrail.text import counted, printable


def begin_requested(context: SessionContext, setup: RoundSetup, background: str = "") -> Round:
    """Begin a requested round; a drawing with a name continues where the player left it.

    Args:
        context: the session.
        setup: the round.
        background: a text of box-drawing characters to draw over.

    Raises:
        VoicetrailError: the level does not exist, the drawing cannot be read, or the recording cannot be created.
    """
    inputs: list[tuple[int, Input]] = []
    setup = with_settings(setup, context.settings)
    if setup.mode == "sketch" and setup.level:
        saved = open_drawing(setup.level)
        if saved is not None:
            setup, inputs = saved
    current = context.begin_round(make_rules(setup))
    if inputs:
        current.restore(inputs)
        current.do(Resume() if current.rules.paused else Stop("key"))
    if background:
        current.do(SetBackground(background))
    return current


@dataclass(frozen=True, slots=True)
class Drawing:
    """A saved drawing."""

    name: str
    when: str
    """Day and time when the player last left it."""


def list_drawings() -> list[Drawing]:
    """Return the named drawings, the newest first, and then the last one without a name, if there is one.

    Raises nothing: a folder that cannot be read counts as empty.
    """
    from voicetrail.replay.library import list_named

    found = [one for one in list_named() if one.playable and not one.problem and one.mode.startswith("sketch")]
    found.sort(key=lambda one: one.path.stem == LAST_DRAWING)
    return [Drawing(one.path.stem, one.when) for one in found]


def drawings_note(drawings: Sequence[Drawing]) -> str:
    """Return the number of named drawings as a short text for lists; empty if there are none."""
    named = sum(drawing.name != LAST_DRAWING for drawing in drawings)
    return counted(named, "drawing") if named else ""


def open_drawing(name: str) -> tuple[RoundSetup, list[tuple[int, Input]]] | None:
    """Return the setup and the inputs of a saved drawing; ``None`` if there is no drawing with this name.

    Raises:
        UsageError: the name is not a valid file name.
        ReplayError: the file cannot be read, or is a round of another mode.
    """
    from voicetrail.replay.file.entries import EarlierInputs
    from voicetrail.replay.file.reader import read
    from voicetrail.replay.library import folder

    if name.startswith(".") or printable(name) != name or any(sign in name for sign in '/\\:*?"<>|'):
        raise UsageError(
            "the name of a drawing may contain letters, digits, spaces and - _ . ( ), and must not begin with a dot"
        )
    path = folder() / f"{name}.trail"
    if not path.exists():
        return None
    replay = read(path)
    setup = replay.header.setup
    if setup.mode != "sketch":
        raise ReplayError(f"{printable(path.name)} is not a drawing but a round of {setup.mode}; choose another name")
    if not replay.whole:
        # Continuing would replace the damaged file with its readable part.
        raise ReplayError(f"{printable(path.name)}: {replay.remark}; rename this file to use the name for a new drawing")
    inputs: list[tuple[int, Input]] = []
    for entry in replay.entries:
        if isinstance(entry.item, EarlierInputs):
            inputs += entry.item.inputs
        elif is_input(entry.item):
            inputs.append((replay.header.began_ms + entry.at_ms, entry.item))
    # The drawing was left before; now it continues.
    return replace(setup, level=name), [(at_ms, Stop("key") if isinstance(one, Leave) else one) for at_ms, one in inputs]


def read_background(path: Path) -> str:
    """Read a text of box-drawing characters.

    Raises:
        UsageError: the file cannot be read, is empty or too long.
    """
    name = printable(path)
    try:
        text = read_file(path, 4 * BACKGROUND_MAX).decode("utf-8")
    except (OSError, ValueError) as error:
        why = reason_of(error)
        raise UsageError(f"cannot read {name}: {why}") from error
    if len(text) > BACKGROUND_MAX:
        raise UsageError(f"{name} is longer than {BACKGROUND_MAX} characters")
    if not text.strip():
        raise UsageError(f"{name} is empty, so there is nothing to draw over")
    return text
