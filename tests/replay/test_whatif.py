"""What if: the recorded settings change nothing, and others change what they should."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.replay.makers import LABELS, Stage, record_spoken, sketch, spoken
from voicetrail.errors import ReplayError
from voicetrail.events import SourceLost, WordHeard, WordRejected
from voicetrail.game import Move
from voicetrail.game.inputs import is_input
from voicetrail.replay.analysis.whatif import Override, decide, what_if
from voicetrail.replay.file.entries import Entry, RecognizerStarted
from voicetrail.replay.file.format import write_entry
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import UNKNOWN


def noisy_stage(path: Path, seed: int, start_hop: int) -> Stage:
    """A session in which everything changes on the way: settings, listening, the source, the keyboard, recording itself."""
    dice = random.Random(seed)
    stage = Stage()
    changes = {hop: SourceLost(0, "gone") for hop in dice.sample(range(50, 250), 2)}
    settings = DetectorSettings(threshold=dice.choice((0.5, 0.8)), refractory=dice.choice((0.2, 1.0)))
    for hop, listener in stage.listen(spoken(seed, 250), settings=settings, changes=changes):
        if hop == start_hop:
            stage.start(path)
        if dice.random() < 0.03:
            thresholds = {"up": dice.uniform(0.05, 1), "left": dice.uniform(0.05, 1)} if dice.random() < 0.5 else {}
            smoothing = dice.choice((0.0, 0.12, 0.3))
            listener.detector.settings = DetectorSettings(dice.uniform(0.05, 1), thresholds, smoothing, dice.random(), 0.1)
        if dice.random() < 0.03:
            listener.muted = not listener.muted
        if dice.random() < 0.05:
            stage.session.do(Move("right", "key"))
    stage.stop()
    return stage


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), start_hop=st.integers(0, 120))
def test_the_recorded_settings_change_nothing(tmp_path: Path, seed: int, start_hop: int) -> None:
    path = tmp_path / f"{time.monotonic_ns()}.trail"
    stage = noisy_stage(path, seed, start_hop)
    recording = read(path)
    again = decide(recording, Override())
    covered = {hop for _, hop in again.hops}
    recorded = [e.item for e in recording.entries if isinstance(e.item, WordHeard | WordRejected) and e.item.time in covered]
    assert [entry.item for _, entry in again.entries] == recorded
    outcome = what_if(recording, Override())
    assert outcome.same
    assert [e for e in outcome.after.entries if not isinstance(e.item, WordRejected)] == [
        e for e in recording.entries if not isinstance(e.item, WordRejected) and type(e.item).__name__ != "Checksum"
    ]
    assert Timeline(outcome.after).final.checksum() == stage.game.checksum()


def test_a_lower_threshold_gains_words_and_their_moves(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail")
    outcome = what_if(read(tmp_path / "a.trail"), Override(threshold=0.3))
    assert outcome.gained
    assert not outcome.lost
    before, after = Timeline(outcome.before), Timeline(outcome.after)
    assert sketch(after.final).tally.words == sketch(before.final).tally.words + len(outcome.gained)
    assert after.final.checksum() != before.final.checksum()
    # A word that nearly was, and now is, is no longer a near miss.
    heard = {entry.item.time for entry in outcome.gained if isinstance(entry.item, WordHeard)}
    assert heard


def test_outcome_equals_the_drawing_of_the_game(tmp_path: Path) -> None:
    """Decided again at other settings, a session is the one that those settings would have given."""
    other = DetectorSettings(threshold=0.4, refractory=0.3)
    stages = []
    for name, given_settings in (("a", DetectorSettings()), ("b", other)):
        stage = Stage()
        stage.start(tmp_path / f"{name}.trail")
        for _ in stage.listen(spoken(8, 400), settings=given_settings):
            pass
        stage.stop()
        stages.append(stage)
    outcome = what_if(read(tmp_path / "a.trail"), Override(threshold=0.4, others={"refractory": 0.3}))
    assert outcome.gained
    assert Timeline(outcome.after).final.checksum() == stages[1].game.checksum()


def test_a_higher_threshold_loses_words_and_keeps_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    stage = Stage()
    stage.start(path)
    for hop, _ in stage.listen(spoken(2, 400)):
        if hop % 50 == 0:
            stage.session.do(Move("down", "key"))
    stage.stop()
    outcome = what_if(read(path), Override(threshold=0.999))
    assert len(outcome.lost) == stage.game.tally.words
    final = Timeline(outcome.after).final
    assert (sketch(final).tally.words, sketch(final).tally.presses) == (0, stage.game.tally.presses)


def test_less_smoothing_moves_words_forward(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail")
    outcome = what_if(read(tmp_path / "a.trail"), Override(others={"smoothing": 0.0}))
    assert outcome.moved
    assert all(move.after.at_ms < move.before.at_ms for move in outcome.moved)


def test_muted_period_stays_muted(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for hop, listener in stage.listen(spoken(2, 400)):
        listener.muted = 100 <= hop < 300
    stage.stop()
    outcome = what_if(read(tmp_path / "a.trail"), Override(threshold=0.2))
    assert outcome.gained
    assert not any(100 * 40 < entry.at_ms <= 300 * 40 for entry in outcome.gained)


def test_what_if_needs_scores(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", scores=False)
    with pytest.raises(ReplayError, match="record_scores"):
        what_if(read(tmp_path / "a.trail"), Override(threshold=0.5))


def test_override_replaces_the_recorded_setting() -> None:
    shipped = DetectorSettings(0.7, {"up": 0.8, "left": 0.9})
    assert Override(thresholds={"left": 0.5})(shipped).thresholds == {"up": 0.8, "left": 0.5}
    assert Override(0.6, {"left": 0.5})(shipped) == DetectorSettings(0.6, {"left": 0.5})
    assert Override(others={"refractory": 0.1})(shipped).refractory == 0.1


def test_word_suppressed_by_the_game_is_not_gained(tmp_path: Path) -> None:
    """A word that was on its way when listening was turned off is kept as a near miss, and stays one."""
    path = tmp_path / "a.trail"
    stage = Stage()
    stage.session.recorder = None
    stage.start(path)
    for _ in stage.listen(spoken(2, 200)):
        pass
    stage.stop()
    heard = [entry for _, entry in decide(read(path), Override()).entries if isinstance(entry.item, WordHeard)]
    assert heard
    lines = path.read_text().splitlines()
    lines = [line for line in lines if '"w",' not in line]
    for entry in heard:
        assert isinstance(entry.item, WordHeard)
        held_back = WordRejected(entry.item.time, entry.item.word, entry.item.score, "muted")
        lines.insert(-3, write_entry(Entry(0, held_back), 0)[0])
    path.write_text("\n".join(lines) + "\n")
    assert what_if(read(path), Override()).same


def test_a_recording_that_begins_amid_talk_knows_the_talk_level(tmp_path: Path) -> None:
    """The detector's talk level is in the file: with the recorded settings nothing changes, also where talk shifts thresholds."""
    settings = DetectorSettings(0.6, smoothing=0.0, talk_shift=0.48)

    def row(label: str, score: float, rest: str) -> tuple[float, ...]:
        return tuple(score if name == label else round(1 - score, 3) if name == rest else 0.0 for name in LABELS)

    talk, word = [row(UNKNOWN, 1.0, UNKNOWN)] * 500, [row("up", 0.68, UNKNOWN)] * 12
    rows = [
        *talk,
        *word,
        *[row(UNKNOWN, 1.0, UNKNOWN)] * 40,
        *[row("left", 0.97, UNKNOWN)] * 12,
        *[row(UNKNOWN, 1.0, UNKNOWN)] * 20,
    ]
    stage = Stage()
    for hop, _ in stage.listen(rows, settings=settings):
        if hop == 495:
            stage.start(tmp_path / "a.trail")
    stage.stop()
    replay = read(tmp_path / "a.trail")
    state = next(entry.item.state for entry in replay.entries if isinstance(entry.item, RecognizerStarted))
    assert state.talk_level > 0.8
    heard = [entry.item.word for entry in replay.entries if isinstance(entry.item, WordHeard)]
    assert heard == ["left"], "a word of 0.68 is below a threshold of 0.6 that talk has moved up"
    assert what_if(replay, Override()).same
    # Without the talk level, the first word would have been detected.
    forgotten = replace(state, talk_level=0.0)
    entries = tuple(
        replace(entry, item=replace(entry.item, state=forgotten)) if isinstance(entry.item, RecognizerStarted) else entry
        for entry in replay.entries
    )
    outcome = what_if(replace(replay, entries=entries), Override())
    assert [getattr(entry.item, "word", "") for entry in outcome.gained] == ["up"]


def test_game_decides_the_effect_of_a_gained_word(tmp_path: Path) -> None:
    """`stop` lifts the pen where nothing glides: a word that is gained does what it would have done."""
    labels = ("up", "stop", "go", UNKNOWN, "_background_noise_")
    rows = []
    for label, score in (("up", 0.9), ("stop", 0.5), ("up", 0.9)):
        rows += [tuple(score if name == label else 0.0 for name in labels)] * 10
        rows += [(0.0, 0.0, 0.0, 0.0, 1.0)] * 40
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for _ in stage.listen(rows, settings=DetectorSettings(0.7, smoothing=0.0), labels=labels):
        pass
    stage.stop()
    outcome = what_if(read(tmp_path / "a.trail"), Override(threshold=0.4))
    assert [type(entry.item).__name__ for entry in outcome.after.entries if is_input(entry.item)] == ["Move", "PenUp", "Move"]


def test_word_without_effect_removes_no_input(tmp_path: Path) -> None:
    """A screen lay over the game while a word was detected: it became no input, and the next one keeps its own."""
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    held = 0
    real = stage.session.hear
    for hop, _ in stage.listen(spoken(2, 400)):
        stage.session.hear = real if hop > 120 else (lambda event: None)  # type: ignore[method-assign]
        held = held or hop
    stage.stop()
    replay = read(tmp_path / "a.trail")
    words = sum(isinstance(entry.item, WordHeard) for entry in replay.entries)
    assert words > stage.game.tally.words > 0
    assert what_if(replay, Override()).same
    outcome = what_if(replay, Override(threshold=0.999))
    assert len(outcome.lost) == words
    assert sketch(Timeline(outcome.after).final).tally.words == 0
