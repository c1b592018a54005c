"""What happens with a set of words when its training is over, whether the teaching screen is still there or not."""

from __future__ import annotations

import contextlib

from textual.app import App

from voicetrail.errors import SettingsError
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Problem
from voicetrail.teaching.session import TeachingSession
from voicetrail.text import printable
from voicetrail.ui.messages import UpdatesArrived

_training: dict[str, TeachingSession] = {}
"""Sessions whose screen was left while they trained, by the name of the set."""


def use(context: SessionContext, session: TeachingSession) -> str:
    """Play with a set that was made, from now on; return what the player should read, empty where all is well."""
    settings, worker = context.settings, context.worker
    try:
        if settings.values.weights == session.name and worker is not None:
            worker.reload()  # a set of the same name was taught again
        settings.set("weights", session.name)
    except SettingsError as error:
        return str(error)
    return ""


def finish_behind(app: App[None], context: SessionContext, session: TeachingSession) -> None:
    """The screen goes while the training is under way: use the set when it is made, and say so."""
    _training[session.name] = session

    def end() -> None:
        # The game may be over by then; the set is kept all the same.
        with contextlib.suppress(RuntimeError):
            app.call_from_thread(take_over)

    def take_over() -> None:
        if _training.pop(session.name, None) is None:
            return
        name = printable(session.name)
        if session.stage == "failed":
            text = f"{name} could not be made: {session.problem}; its takes are kept"
        elif session.result is not None and not session.result.saved:
            text = f"{name}: no better than what ships, so nothing is kept but the takes"
        else:
            text = use(context, session) or f"{name} is taught, and used from now on"
        app.post_message(UpdatesArrived((Problem(text),)))

    session.on_end = end
    if session.stage != "training":
        take_over()


def take_back(name: str) -> TeachingSession | None:
    """The session of a set that trains behind other screens, for a screen that shows it again; ``None`` where there is none."""
    session = _training.pop(name, None)
    if session is not None:
        session.on_end = None
    return session
