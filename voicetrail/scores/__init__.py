"""Scores: results of rounds in a database in the data folder, with best scores, streaks and accuracy by word."""
