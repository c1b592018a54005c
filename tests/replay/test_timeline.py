"""What a recording shows of a moment: here how far talk had shifted the thresholds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.makers import LABELS, Stage
from voicetrail.replay.analysis.suggest import cases
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.talk import remove_talk_shift
from voicetrail.vocabulary import NOISE, UNKNOWN

GUARDED = DetectorSettings(0.5, smoothing=0.0, talk_shift=0.48)


def row(label: str, score: float, rest: str) -> tuple[float, ...]:
    return tuple(score if name == label else 1 - score if name == rest else 0.0 for name in LABELS)


def chatter(path: Path) -> dict[int, float]:
    """A session of half a minute's talk, a word, a pause and the word again; how far thresholds were shifted, by ms."""
    word = [row("up", 0.95, UNKNOWN)] * 12
    rows = [
        *[row(UNKNOWN, 1.0, NOISE)] * 750,
        *word,
        *[row(NOISE, 1.0, UNKNOWN)] * 250,
        *word,
        *[row(NOISE, 1.0, UNKNOWN)] * 50,
    ]
    stage, shifts = Stage(), {}
    stage.start(path)
    for _, listener in stage.listen(rows, settings=GUARDED):
        shifts[stage.session.now_ms] = listener.detector.talk_shift
    stage.stop()
    return shifts


def test_thresholds_are_raised_as_in_the_game(tmp_path: Path) -> None:
    shifts = chatter(tmp_path / "a.trail")
    timeline = Timeline(read(tmp_path / "a.trail"))
    assert max(shifts.values()) > 0.4
    shown = {at_ms: timeline.talk_shift_at(at_ms) for at_ms in shifts}
    # It follows talk no further back than three times its memory, and a run's hops have one time.
    assert all(shown[at_ms] == pytest.approx(value, abs=0.06) for at_ms, value in shifts.items() if at_ms > 500)
    assert {at_ms for at_ms, value in shown.items() if value == 0} & {at_ms for at_ms, value in shifts.items() if value == 0}


def test_talk_shift_is_added_to_the_score_of_a_word(tmp_path: Path) -> None:
    chatter(tmp_path / "a.trail")
    timeline = Timeline(read(tmp_path / "a.trail"))
    amid, later = cases(timeline)
    assert later.score == pytest.approx(0.95)
    assert 0.5 < amid.score < 0.8
    assert amid.score == pytest.approx(remove_talk_shift(0.95, timeline.talk_shift_at(amid.at_ms)))


def test_files_without_a_shift_have_none(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for _ in stage.listen([row(UNKNOWN, 1.0, NOISE)] * 500, settings=DetectorSettings(0.6)):
        pass
    stage.stop()
    assert Timeline(read(tmp_path / "a.trail")).talk_shift_at(15_000) == 0.0
