"""Recordings, and what is made of them: corpus, held-out kinds, synthetic speech, rooms and lines."""
