"""Keyword spotting: features, networks, weights files, and the detector that turns scores into detections."""
