"""The command palette: every action and every setting of the one lists, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from voicetrail.keys import Action, shown_keys
from voicetrail.settings import SETTINGS

if TYPE_CHECKING:
    from voicetrail.ui.screens.view import GameView


class GameCommands(Provider):
    """Finds an action by its label or what it does."""

    def _actions(self) -> Iterator[tuple[GameView, Action]]:
        from voicetrail.ui.screens.view import GameView

        for screen in reversed(self.app.screen_stack):
            if isinstance(screen, GameView):
                for action in screen.actions:
                    if action.name != "command_palette":
                        yield screen, action
                return

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for screen, action in self._actions():
            yield DiscoveryHit(_title(action), partial(screen.run_action, action.runs), help=action.help)

    async def search(self, query: str) -> Hits:
        """What fits the text."""
        matcher = self.matcher(query)
        for screen, action in self._actions():
            score = max(matcher.match(_title(action)), 0.5 * matcher.match(action.help))
            if score > 0:
                run = partial(screen.run_action, action.runs)
                yield Hit(score, matcher.highlight(_title(action)), run, help=action.help)


class SettingCommands(Provider):
    """Finds a setting by its name or what it does, and opens the settings at it."""

    def _open(self, name: str) -> None:
        from voicetrail.ui.screens.game import GameScreen
        from voicetrail.ui.screens.settings import SettingsScreen

        game = next((screen for screen in reversed(self.app.screen_stack) if isinstance(screen, GameScreen)), None)
        if game is not None:
            words = game.tuner.words
            self.app.push_screen(SettingsScreen(game, f"thresholds.{words[0]}" if name == "thresholds" and words else name))

    async def search(self, query: str) -> Hits:
        """What fits the text; before anything is typed the actions stand alone."""
        matcher = self.matcher(query)
        for name, setting in SETTINGS.items():
            title = f"setting: {name.replace('_', ' ')}"
            score = max(matcher.match(title), 0.5 * matcher.match(setting.help))
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(self._open, name), help=setting.help)


def _title(action: Action) -> str:
    return f"{action.label}  ({shown_keys(action)})"
