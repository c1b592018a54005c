"""Setups of rounds: for a sketch, from the command line, and for another round like the last one."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from voicetrail.errors import UsageError
from voicetrail.game import Input, RoundSetup, SetGlideSilence, SetGlideSpeed, SetMovement, SetStepLength, Sketch
from voicetrail.game.mode_list import MODES, ModeName, Option
from voicetrail.game.setup import DELAY_RANGE
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.settings import Settings


def new_seed() -> int:
    """Return a random seed below a million, so that it is easy to read and type."""
    return int.from_bytes(os.urandom(8)) % 1_000_000


def sketch_setup(settings: Settings) -> RoundSetup:
    """Return the setup of an empty drawing, with the movement in the settings."""
    return RoundSetup(
        step_length=settings.values.step,
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
    """Return the setup that a command line requests.

    Args:
        mode: a mode or ``daily``; ``None`` is a sketch.
        level: a level or size.
        seed: seed of the random choices; ``None`` takes a new one.
        text: a text to trace.
        braided: a maze without dead ends.
        fog: a maze of which only visited and neighboring rooms are visible.

    Raises:
        UsageError: the mode does not exist, or it has no such option.
    """
    name = cast(ModeName, mode or "sketch")
    if mode != "daily" and name not in MODES:
        raise UsageError(f"there is no mode {printable(name, 40)!r}; there are {', '.join(MODES)} and daily")
    given: dict[Option, object] = {"level": level, "seed": seed is not None, "text": text, "braided": braided, "fog": fog}
    allowed = frozenset[Option]() if mode == "daily" else MODES[name].options
    for option, is_given in given.items():
        if is_given and option not in allowed:
            raise UsageError(f"{name} does not take {option if option == 'level' else f'--{option}'}")
    if mode == "daily":
        from voicetrail.game.modes.maze import daily_setup

        return daily_setup(datetime.now(UTC).date())
    if name == "maze" and level == "daily":
        raise UsageError("to play today's maze, run: voicetrail play daily")
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
    """Return a requested setup with the options that the settings determine."""
    return replace(sketch_setup(settings), level=setup.level) if setup.mode == "sketch" else setup


def snake_setup(size: str, delay_ms: int | None) -> RoundSetup:
    """Return the setup of a snake; it is slower over a slow connection.

    Args:
        size: a key of ``snake.SIZES``.
        delay_ms: delay of the connection; ``None`` without one.
    """
    return RoundSetup("snake", size, new_seed(), delay_ms=min(delay_ms or 0, DELAY_RANGE[1]))


def inputs_of_settings(settings: Settings, sketch: Sketch, names: Collection[str]) -> list[Input]:
    """Return the inputs by which changed settings take effect in a drawing."""
    values = settings.values
    inputs: list[Input] = []
    if "step" in names and sketch.step_length != values.step:
        inputs.append(SetStepLength(values.step))
    if "movement" in names and sketch.movement.name != values.movement:
        inputs.append(SetMovement(values.movement))
    if "glide_speed" in names:
        inputs.append(SetGlideSpeed(values.glide_speed))
    if "glide_silence" in names:
        inputs.append(SetGlideSilence(values.glide_silence))
    return inputs


def restarted(setup: RoundSetup, settings: Settings) -> RoundSetup:
    """Return the setup for a round from its beginning: the same maze, but a snake with other food and an echo with another row,
    because a player who knows them by heart would have it easier.
    """
    return setup if setup.mode == "maze" else same_again(setup, settings)


def same_again(setup: RoundSetup, settings: Settings) -> RoundSetup:
    """Return the setup for another round with the same options and a new seed; a daily maze stays the same."""
    if setup.mode == "sketch":
        return sketch_setup(settings)
    return setup if setup.day else replace(setup, seed=new_seed())
