"""The interfaces of the app for screens and widgets, so that none of them has to import the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from textual.dom import DOMNode
from textual.signal import Signal

from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.ui.style.look import Look


class LookProvider(Protocol):
    """Any app that shows ``Rows`` widgets."""

    @property
    def look(self) -> Look:
        """The current colors and characters."""
        ...


class GameApp(LookProvider, Protocol):
    """The app of the live game."""

    context: SessionContext
    updates: Signal[tuple[Update, ...]]
    """Publishes the updates of the listening worker, after the context has processed them."""

    sets_changed: Signal[None]
    """Publishes that taught sets or their takes have changed on the disk."""

    def open_dialog(self, name: str, *arguments: str) -> None:
        """Open a dialog over the screen, by its name in ``ui.dialogs``."""
        ...

    def open_help(self, text: str, actions: Sequence[Action]) -> None:
        """Open the help of a screen, with its text and its actions."""
        ...


def look_of(node: DOMNode) -> Look:
    """The current colors and characters."""
    return cast(LookProvider, node.app).look


def game_app_of(node: DOMNode) -> GameApp:
    """Return the app of the live game."""
    return cast(GameApp, node.app)
