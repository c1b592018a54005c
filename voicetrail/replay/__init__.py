"""Recorded sessions: written, read, played again, decided again, and exported.

A file holds the inputs, not the pictures: the game is a function of them. It also holds the recognizer's scores, so that other
settings can be tried on a session that is over. See ``format`` for the file.
"""
