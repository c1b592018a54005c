"""What the lines of a replay file may hold: strategies for hypothesis, within the bounds and beyond them."""

from __future__ import annotations

from hypothesis import strategies as st

from voicetrail.events import (
    DetectorChanged,
    ListeningChanged,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game import inputs as game_inputs
from voicetrail.game.ink import COLORS, PEN_STYLES
from voicetrail.game.mode_list import MODES
from voicetrail.game.setup import DELAY_RANGE, SEED_RANGE, SIZE_RANGE, RoundSetup
from voicetrail.replay.file.entries import (
    Checksum,
    EarlierInputs,
    End,
    Item,
    Marker,
    RecognizerStarted,
    ScoreRun,
    SettingChanged,
    SoundStart,
    Totals,
)
from voicetrail.spotting.detector import DetectorSettings

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
inputs: st.SearchStrategy[game_inputs.Input] = st.one_of(
    st.builds(game_inputs.Move, st.sampled_from(("up", "down", "left", "right")), st.sampled_from(("voice", "key"))),
    st.builds(game_inputs.Go, st.sampled_from(("voice", "key"))),
    st.builds(game_inputs.Stop, st.sampled_from(("voice", "key"))),
    st.just(game_inputs.Undo()),
    st.just(game_inputs.Clear()),
    st.builds(game_inputs.SetStepLength, st.integers(*game_inputs.STEP_RANGE)),
    st.builds(game_inputs.SetMovement, st.sampled_from(("step", "glide"))),
    st.builds(game_inputs.SetGlideSpeed, st.floats(*game_inputs.SPEED_RANGE)),
    st.builds(game_inputs.SetGlideSilence, st.floats(*game_inputs.SILENCE_RANGE)),
    st.just(game_inputs.Redo()),
    st.builds(game_inputs.PenUp, st.sampled_from(("voice", "key"))),
    st.builds(game_inputs.PenDown, st.sampled_from(("voice", "key"))),
    st.builds(game_inputs.SetPen, st.sampled_from(PEN_STYLES)),
    st.builds(game_inputs.SetColor, st.sampled_from(COLORS)),
    st.builds(game_inputs.SetBackground, words),
    st.just(game_inputs.Pause()),
    st.just(game_inputs.Resume()),
)
"""Everything but what ends a round."""
setups = st.builds(
    RoundSetup,
    mode=st.sampled_from([*MODES]),
    level=words,
    seed=st.integers(*SEED_RANGE),
    rules=st.integers(1, 10_000),
    width=st.integers(*SIZE_RANGE),
    height=st.integers(*SIZE_RANGE),
    step_length=st.integers(*game_inputs.STEP_RANGE),
    movement=st.sampled_from(("step", "glide")),
    glide_speed=st.floats(*game_inputs.SPEED_RANGE),
    glide_silence=st.floats(*game_inputs.SILENCE_RANGE),
    pen=st.sampled_from(PEN_STYLES),
    color=st.sampled_from(COLORS),
    text=words,
    braided=st.booleans(),
    fog=st.booleans(),
    delay_ms=st.integers(*DELAY_RANGE),
)
REASONS = st.sampled_from(("threshold", "refractory", "margin", "muted"))


def items(
    *,
    time: st.SearchStrategy[int],
    score: st.SearchStrategy[float],
    word: st.SearchStrategy[str],
    value: st.SearchStrategy[object],
    detectors: st.SearchStrategy[DetectorSettings],
    recognizers: st.SearchStrategy[RecognizerStarted],
    score_runs: st.SearchStrategy[ScoreRun],
    most_movements: int,
) -> st.SearchStrategy[Item]:
    """Every kind of line, of these parts."""
    return st.one_of(
        inputs,
        recognizers,
        score_runs,
        st.builds(WordHeard, time, word, score),
        st.builds(WordRejected, time, word, score, REASONS, score, st.none() | word),
        st.builds(EarlierInputs, st.lists(st.tuples(time, inputs), max_size=3).map(tuple)),
        st.builds(SettingChanged, word, value),
        st.builds(ListeningChanged, time, st.booleans()),
        st.builds(DetectorChanged, time, detectors),
        st.builds(SourceLost, time, word),
        st.builds(SourceDelayed, time, word),
        st.builds(SourceBack, time, word),
        st.builds(SourceEnded, time),
        st.builds(SamplesLost, time, time, time),
        st.builds(Marker, word),
        st.builds(Checksum, word, time),
        st.builds(SoundStart, time, time),
        st.builds(End, word),
        st.builds(Totals, time, time, st.lists(word, max_size=most_movements).map(tuple)),
    )
