"""A set that was taught on another network is made again from its takes, and plays meanwhile as it did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.teaching.heads.test_teach import QUICK, examples
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching import making, word_sets
from voicetrail.teaching.renewal import renew


def test_it_is_made_again_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    shipped = making.shipped_negatives()
    thin = shipped.at(slice(None, None, 8))
    monkeypatch.setattr(making, "shipped_negatives", lambda base="": thin)
    takes = examples(3)
    path = making.keep_set("mine", making.make_set(takes, {}, settings=QUICK), takes)
    said: list[tuple[str, bool]] = []

    def look(name: str) -> None:
        thread = renew(name, lambda text, changed: said.append((text, changed)))
        if thread is not None:
            thread.join(60)

    look("mine")
    look("directional4w")
    look("../mine")
    assert said == []
    folder = word_sets.set_folder("mine")
    word_sets.write_about(folder, replace(word_sets.read_about(folder), backbone="0" * 64))
    before = load_weights(path).hash
    look("mine")
    assert [changed for _, changed in said] == [True]
    assert "trained again from its takes" in said[0][0]
    assert load_weights(path).hash != before
    look("mine")
    assert len(said) == 1
