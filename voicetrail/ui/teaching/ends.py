"""What happens with a word set after its training, whether the teaching screen is still open or not."""

from __future__ import annotations

import contextlib
from weakref import WeakKeyDictionary

from textual.app import App

from voicetrail.errors import SettingsError
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Problem
from voicetrail.teaching.session import TeachingSession
from voicetrail.text import printable
from voicetrail.ui.messages import SetsChanged, UpdatesArrived

_training: WeakKeyDictionary[App[None], dict[str, TeachingSession]] = WeakKeyDictionary()
"""Of each app, the sessions that train after their screen was closed, by the name of the set."""


def use(context: SessionContext, session: TeachingSession) -> str:
    """Use a trained set from now on. Returns an error message for the player, or an empty text."""
    settings, worker = context.settings, context.worker
    try:
        if settings.values.weights == session.name and worker is not None:
            worker.reload()  # a set of the same name was taught again
        settings.set("weights", session.name)
    except SettingsError as error:
        return str(error)
    return ""


def finish_behind(app: App[None], context: SessionContext, session: TeachingSession) -> None:
    """Use a set when its training ends after its screen was closed, and notify the player."""
    running = _training.setdefault(app, {})
    running[session.name] = session

    def end() -> None:
        # The game may have ended by then; the set is saved in any case.
        with contextlib.suppress(RuntimeError):
            app.call_from_thread(take_over)

    def take_over() -> None:
        if running.pop(session.name, None) is None:
            return
        session.close()
        name = printable(session.name)
        if session.stage == "failed":
            text = f"{name} could not be trained: {session.problem}; {session.unsaved or 'its takes are saved'}"
        elif session.result is not None and not session.result.saved:
            text = f"{name}: no better than the shipped words; {session.unsaved or 'only the takes were saved'}"
        else:
            text = use(context, session) or f"{name} is trained and in use from now on"
        app.post_message(SetsChanged())
        app.post_message(UpdatesArrived((Problem(text),)))

    session.on_end = end
    if session.stage != "training":
        take_over()


def take_back(app: App[None], name: str) -> TeachingSession | None:
    """Return the session of a set that trains in the background, for a screen that shows it again; ``None`` without one."""
    session = _training.get(app, {}).pop(name, None)
    if session is not None:
        session.on_end = None
    return session
