"""What changes how words are taken: the tuning keys, how often each word would be given out, calibration."""
