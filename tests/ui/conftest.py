from __future__ import annotations

import pytest

from tests.ui.waiting import settled


@pytest.fixture(autouse=True)
def true_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of all colors, whatever the tests are run in."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def keys_that_are_done_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot that goes on when all is done with.

    Textual's own waits at least 40 ms a key, and until the process takes little time: which it also does on a machine that is
    busy with others, long before the key has done anything.
    """
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)
    monkeypatch.setattr("textual.app.wait_for_idle", settled)
