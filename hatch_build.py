"""Puts the manual page and the shells' completion into the wheel, made from the parsers at the time of the build."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GeneratedFiles(BuildHookInterface[Any]):
    """Writes what is generated into ``build/`` and adds it to the wheel's shared data."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        # Only the parsers are imported, which need nothing but Python and shtab (tests/test_manual.py holds that).
        sys.path.insert(0, self.root)
        from voicetrail.manual import completion, manual_page

        generated = {
            "share/man/man1/voicetrail.1": manual_page(),
            "share/bash-completion/completions/voicetrail": completion("bash"),
            "share/zsh/site-functions/_voicetrail": completion("zsh"),
            "share/fish/vendor_completions.d/voicetrail.fish": completion("fish"),
        }
        for place, text in generated.items():
            path = Path(self.root, "build", place)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            build_data["shared_data"][str(path)] = place
