"""Score filters for tests."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from voicetrail.spotting.score_filter import INPUTS, ScoreFilter
from voicetrail.spotting.weights import Weights, load_weights

coefficients = st.floats(-3.0, 3.0).map(lambda value: round(value, 4))
score_filters = st.builds(
    ScoreFilter, st.lists(st.tuples(*[coefficients] * len(INPUTS)), min_size=1, max_size=14).map(tuple), coefficients
)
"""Any filter of up to 14 hops."""


def own_score_filter(*taps: float, bias: float = 0.0) -> ScoreFilter:
    """A filter that sees only the word's own posterior; with the single tap 1, it changes no score."""
    return ScoreFilter(tuple((tap, *[0.0] * (len(INPUTS) - 1)) for tap in taps), bias)


def load_filtered(score_filter: ScoreFilter, name: str = "directional4w") -> Weights:
    """Shipped weights with this filter, and with settings for it that are not those without a filter."""
    weights = load_weights(name)
    plain = weights.info.without_filter().detector
    used = replace(plain, threshold=0.6, thresholds={}, smoothing=0.04, talk_shift=0.0)
    return replace(weights, info=replace(weights.info, detector=used, score_filter=score_filter, unfiltered_detector=plain))
