"""Waiting for what is to happen on the screen, rather than for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic, thread_time

import pytest
from textual._context import active_app
from textual.app import ScreenStackError
from textual.pilot import Pilot

TURNS = 12
"""Turns of the loop without a message waiting anywhere, after which none is on its way either: more than any message takes from one
part to the next."""
LONGEST = 2.0
"""Seconds of the screen's own work after which a part that always has messages is not waited for: however busy the machine is."""


async def settled(*limits: float) -> None:
    """Wait until every message has been handled, and all that follows from it, and the screen is as it will be painted.

    ``limits``, in seconds, are what Textual gives its own; here nothing goes by them.
    """
    app, end = active_app.get(), thread_time() + LONGEST
    for _ in range(2):
        quiet = 0
        while quiet < TURNS and thread_time() < end:
            await asyncio.sleep(0)
            quiet = 0 if any(not pump._message_queue.empty() for pump in (app, *app._registry)) else quiet + 1
        try:
            app.screen._on_timer_update()
        except ScreenStackError:
            return  # the app has ended


async def until(pilot: Pilot[None], condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is true that comes with time, from a thread or a timer: as long as that takes on a busy machine."""
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            shown = "\n".join(strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips())
            pytest.fail(f"did not come true; {pilot.app.screen} shows:\n{shown}")
        await asyncio.sleep(0.01)
        await pilot.pause()
