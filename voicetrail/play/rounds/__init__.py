"""Rounds: which one to play, how it runs and ends, and what came of it."""
