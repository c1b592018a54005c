"""Fits the last layer and the score filter of a trained network to events: words that are said in streams, once each."""
