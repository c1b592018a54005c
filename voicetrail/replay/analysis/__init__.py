"""Analysis of a replay: the effect of other settings or other weights, and suggested thresholds."""
