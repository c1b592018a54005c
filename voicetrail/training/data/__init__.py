"""The training data: corpus, held-out recordings, synthetic speech, and simulated acoustics."""
