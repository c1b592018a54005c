"""The app with sets of words in a folder of its own, and the real training on less data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.stage import make_context, make_settings
from tests.ui.tones import tone_file
from voicetrail.teaching import making
from voicetrail.teaching.heads.head import HeadSettings
from voicetrail.teaching.session import Make
from voicetrail.ui.app import VoicetrailApp


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """The real training on a sixth of the shipped negatives."""
    shipped = making.shipped_negatives()
    thin = shipped.at(slice(None, None, 6))
    monkeypatch.setattr(making, "shipped_negatives", lambda base="": thin)
    quick = HeadSettings(variants=3)
    return lambda examples, meanings, report: making.make_set(examples, meanings, settings=quick, progress=report)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoicetrailApp:
    """The app, with sets of words in a folder of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return VoicetrailApp(make_context(make_settings(tmp_path), tone_file(tmp_path / "a.wav", [])))
