"""Widgets for the state of listening: score bars, spectrogram, status, last words."""
