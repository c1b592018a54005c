"""Which round to play: the setup of a sketch, of a round like the last one, and what a changed setting does to a drawing."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from voicetrail.errors import UsageError
from voicetrail.game import Input, RoundSetup, SetGlideSilence, SetGlideSpeed, SetMovement, SetStep, Sketch
from voicetrail.game.mode_list import MODES, Choice, ModeName
from voicetrail.game.setup import DELAY_RANGE
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.settings import Settings


def new_seed() -> int:
    """A seed that nobody knows before: from a million, so that it can be read out and typed."""
    return int.from_bytes(os.urandom(8)) % 1_000_000


def sketch_setup(settings: Settings) -> RoundSetup:
    """An empty drawing, with the movement that the settings name."""
    return RoundSetup(
        step=settings.values.step,
        movement=settings.values.movement,
        glide_speed=settings.values.glide_speed,
        glide_silence=settings.values.glide_silence,
        pen="heavy",
    )


def requested_setup(
    mode: str | None,
    level: str | None = None,
    *,
    seed: int | None = None,
    text: str | None = None,
    braided: bool = False,
    fog: bool = False,
) -> RoundSetup:
    """The round that a command line asks for.

    Args:
        mode: a mode or ``daily``; a sketch without one.
        level: a level or size.
        seed: decides what chance decides; a new one without.
        text: letters to trace.
        braided: a maze without dead ends.
        fog: a maze of which only what is near can be seen.

    Raises:
        UsageError: there is no such mode, or the mode has no such choice.
    """
    name = cast(ModeName, mode or "sketch")
    if mode != "daily" and name not in MODES:
        raise UsageError(f"there is no mode {printable(name, 40)!r}; there are {', '.join(MODES)} and daily")
    given: dict[Choice, object] = {"level": level, "seed": seed is not None, "text": text, "braided": braided, "fog": fog}
    allowed = frozenset[Choice]() if mode == "daily" else MODES[name].choices
    for choice, is_given in given.items():
        if is_given and choice not in allowed:
            raise UsageError(f"{name} takes no {choice if choice == 'level' else f'--{choice}'}")
    if mode == "daily":
        from voicetrail.game.modes.maze import daily_setup

        return daily_setup(datetime.now(UTC).date())
    if name == "maze" and level == "daily":
        raise UsageError("today's maze is a mode of its own: voicetrail play daily")
    try:
        return RoundSetup(
            name,
            "" if text else level or MODES[name].default_level,
            new_seed() if seed is None else seed,
            text=text or "",
            braided=braided,
            fog=fog,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def with_settings(setup: RoundSetup, settings: Settings) -> RoundSetup:
    """A requested round with what the settings decide."""
    return replace(sketch_setup(settings), level=setup.level) if setup.mode == "sketch" else setup


def snake_setup(size: str, delay_ms: int | None) -> RoundSetup:
    """A snake on a field of a size; over a slow connection it is slower.

    Args:
        size: of ``snake.SIZES``.
        delay_ms: the connection's delay; ``None`` without one.
    """
    return RoundSetup("snake", size, new_seed(), delay_ms=min(delay_ms or 0, DELAY_RANGE[1]))


def inputs_of_settings(settings: Settings, sketch: Sketch, names: Collection[str]) -> list[Input]:
    """What changed settings do to a drawing."""
    values = settings.values
    inputs: list[Input] = []
    if "step" in names and sketch.step != values.step:
        inputs.append(SetStep(values.step))
    if "movement" in names and sketch.movement.name != values.movement:
        inputs.append(SetMovement(values.movement))
    if "glide_speed" in names:
        inputs.append(SetGlideSpeed(values.glide_speed))
    if "glide_silence" in names:
        inputs.append(SetGlideSilence(values.glide_silence))
    return inputs


def same_again(setup: RoundSetup, settings: Settings) -> RoundSetup:
    """A round like another one: the same choices; what chance decided is decided again, but for the maze of a day."""
    if setup.mode == "sketch":
        return sketch_setup(settings)
    return setup if setup.day else replace(setup, seed=new_seed())
