"""Proposed thresholds: what was taken back lies below them, what was missed above."""

from __future__ import annotations

from pathlib import Path

from tests.replay.makers import LABELS, Stage
from voicetrail.game import Undo
from voicetrail.replay.analysis.suggest import cases, suggest
from voicetrail.replay.analysis.whatif import Override, what_if
from voicetrail.replay.file.entries import Marker
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.detector import DetectorSettings

BURST, EVERY = 12, 100


def scene(path: Path, script: list[tuple[str, float, str]], threshold: float = 0.6) -> None:
    """A word every four seconds with a peak score; afterwards the player does nothing, takes it back, or marks it."""
    rows = []
    for word, peak, _ in script:
        for hop in range(EVERY):
            score = peak if hop < BURST else 0.0
            rows.append(tuple(score if label == word else 1 - score if label == LABELS[-1] else 0.0 for label in LABELS))
    stage = Stage()
    stage.start(path)
    for hop, _ in stage.listen(rows, settings=DetectorSettings(threshold, smoothing=0.0)):
        number, within = divmod(hop, EVERY)
        if within == 40 and number < len(script):
            does = script[number][2]
            if does == "undo":
                stage.session.do(Undo())
            elif does == "mark":
                stage.recorder.record(Marker(), stage.session.now_ms)
    stage.stop()


def test_marks_determine_the_suggested_thresholds(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    scene(
        path,
        [
            ("left", 0.9, ""),
            ("left", 0.5, "mark"),  # a near miss
            ("left", 0.45, "mark"),
            ("up", 0.7, "undo"),  # false
            ("up", 0.95, ""),
            ("right", 0.2, "mark"),  # not even a near miss
            ("down", 0.8, ""),
            ("down", 0.65, "mark"),  # heard, and marked as wrong
        ],
    )
    recording = read(path)
    found = {(case.word, case.score): (case.meant, case.heard) for case in cases(Timeline(recording))}
    assert found == {
        ("left", 0.9): (True, True),
        ("left", 0.5): (True, False),
        ("left", 0.45): (True, False),
        ("up", 0.7): (False, True),
        ("up", 0.95): (True, True),
        ("right", 0.2): (True, False),
        ("down", 0.8): (True, True),
        ("down", 0.65): (False, True),
    }
    proposals = {proposal.word: proposal for proposal in suggest(recording)}
    assert set(proposals) == {"up", "down", "left", "right"}
    assert 0.3 < proposals["left"].proposed < 0.45
    assert 0.7 < proposals["up"].proposed < 0.95
    assert proposals["right"].proposed < 0.2
    assert 0.65 < proposals["down"].proposed < 0.8
    outcome = what_if(recording, Override(thresholds={word: one.proposed for word, one in proposals.items()}))
    assert [getattr(entry.item, "word", "") for entry in outcome.gained] == ["left", "left", "right"]
    assert [getattr(entry.item, "word", "") for entry in outcome.lost] == ["up", "down"]


def test_without_marks_nothing_is_suggested(tmp_path: Path) -> None:
    scene(tmp_path / "a.trail", [("left", 0.9, ""), ("left", 0.5, "")])
    assert not any(proposal.changed for proposal in suggest(read(tmp_path / "a.trail")))


def test_mistakes_beyond_thresholds_are_reported(tmp_path: Path) -> None:
    scene(tmp_path / "a.trail", [("left", 0.9, "undo"), ("left", 0.7, ""), ("left", 0.8, "")])
    left = next(one for one in suggest(read(tmp_path / "a.trail")) if one.word == "left")
    assert left.still_wrong == 1
    assert "no threshold corrects all errors" in left.reason


def test_undo_after_a_key_does_not_mark_the_word(tmp_path: Path) -> None:
    scene(tmp_path / "a.trail", [("left", 0.9, "undo"), ("up", 0.9, "")])
    first = [case for case in cases(Timeline(read(tmp_path / "a.trail"))) if case.word == "left"]
    assert [case.meant for case in first] == [False]
