"""A screen that paints changed rows at once, with few bytes. If a private name of Textual is missing, it is a normal screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingsMap
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from voicetrail.keys import Action
from voicetrail.ui.textual_private.diff_compositor import DiffCompositor
from voicetrail.ui.textual_private.names import missing_names

FAST = not missing_names()
"""Whether this Textual has every private name that this package uses."""


class FastScreen(Screen[None], inherit_bindings=False):
    """The base of the screens that change while a player speaks.

    Args:
        actions: the actions with their keys; a subclass has a method ``action_<name>`` for each.
    """

    AUTO_FOCUS = ""
    """No widget takes the keys by itself. By default, Textual focuses the first one that can be focused, even a hidden text field."""
    is_replaced: ClassVar[bool] = False
    """Whether the next screen replaces this one, instead of being pushed over it."""

    def __init__(self, actions: Sequence[Action] = ()) -> None:
        super().__init__()
        self.actions = tuple(actions)
        self._fast = FAST
        if FAST:
            self._compositor = DiffCompositor()
        # Per screen and not per class, because players can rebind keys.
        self._bindings = BindingsMap(
            [Binding(key, action.runs, action.label, show=False) for action in self.actions for key in action.all_keys]
        )

    def bind_key(self, key: str, action: str) -> None:
        """Bind one more key."""
        self._bindings.bind(key, action, show=False)

    def paint_soon(self, widget: Widget, regions: Iterable[Region]) -> None:
        """Paint the changes in a widget with the next frame."""
        try:
            if self._fast:
                widget._set_dirty(*regions)
                self._dirty_widgets.add(widget)
                if self.is_current:
                    self._update_timer.resume()
                return
        except AttributeError:
            self._fast = False
        widget.refresh(*regions)

    def paint_now(self) -> None:
        """Paint the changes at once; for changes that are less frequent than frames."""
        if self._fast:
            self._on_timer_update()
