from __future__ import annotations

import pytest

from voicetrail.link.receiving import connection as line


@pytest.fixture(autouse=True)
def _quick_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between two tries to connect, a tenth of what a player has."""
    monkeypatch.setattr(line, "BACK_OFF_S", (0.025, 0.4))
