"""Recorded sessions: write, read, play, try with other settings, and export them.

A file holds the inputs, not the pictures: the game is a function of its inputs. It also holds the recognizer's scores, so that
other settings can be tried on a recorded session. ``file.format`` describes the file.
"""
