"""What screens and widgets need of the app that shows them, so that none of them imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from textual.dom import DOMNode
from textual.signal import Signal

from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.ui.style.look import Look


class HasLook(Protocol):
    """Any app that shows widgets of rows."""

    @property
    def look(self) -> Look:
        """Colors and characters of the moment."""
        ...


class Host(HasLook, Protocol):
    """The app of the live game."""

    context: SessionContext
    updates: Signal[tuple[Update, ...]]
    """Carries what the listening worker sends, after the context took note of it."""

    def open_dialog(self, name: str, *arguments: str) -> None:
        """Open a dialog over the screen, by its name in ``ui.dialogs``."""
        ...

    def open_help(self, text: str, actions: Sequence[Action]) -> None:
        """Open the help of a screen: what it is for, and its keys."""
        ...


def look_of(node: DOMNode) -> Look:
    """Colors and characters of the moment."""
    return cast(HasLook, node.app).look


def host_of(node: DOMNode) -> Host:
    """The app of the live game, as screens see it."""
    return cast(Host, node.app)
