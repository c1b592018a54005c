"""Tuning of the detector: keys, detection rates of the words, calibration."""
