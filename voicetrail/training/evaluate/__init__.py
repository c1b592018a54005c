"""Measures weights, and chooses their thresholds."""
