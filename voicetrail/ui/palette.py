"""The command palette: every action of the current screen, and every setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider

from voicetrail.keys import Action, shown_keys
from voicetrail.settings import SETTINGS


@runtime_checkable
class HasActions(Protocol):
    """A screen with actions for the palette."""

    actions: Sequence[Action]


class ActionCommands(Provider):
    """Finds actions by their label or description."""

    def _actions(self) -> Iterator[Action]:
        if isinstance(self.screen, HasActions):
            yield from (action for action in self.screen.actions if action.name != "command_palette")

    async def discover(self) -> Hits:
        """List every action before the player types."""
        for action in self._actions():
            yield DiscoveryHit(_title(action), partial(self.screen.run_action, action.runs), help=action.help)

    async def search(self, query: str) -> Hits:
        """List the actions that match the text."""
        matcher = self.matcher(query)
        for action in self._actions():
            score = max(matcher.match(_title(action)), 0.5 * matcher.match(action.help))
            if score > 0:
                run = partial(self.screen.run_action, action.runs)
                yield Hit(score, matcher.highlight(_title(action)), run, help=action.help)


class SettingCommands(Provider):
    """Finds settings by name or description, and opens the settings at one of them (the screen's action ``settings``)."""

    async def search(self, query: str) -> Hits:
        """List the settings that match the text. Before the player types, only actions are listed."""
        if not isinstance(self.screen, HasActions):
            return
        matcher = self.matcher(query)
        for name, setting in SETTINGS.items():
            title = f"setting: {name.replace('_', ' ')}"
            score = max(matcher.match(title), 0.5 * matcher.match(setting.help))
            if score > 0:
                run = partial(self.screen.run_action, f"settings('{name}')")
                yield Hit(score, matcher.highlight(title), run, help=setting.help)


def _title(action: Action) -> str:
    return f"{action.label}  ({shown_keys(action)})"
