"""Questions asked of a replay: other settings, other weights, better thresholds."""
