"""Training itself: windows, augmentation, the loop, and whole runs."""
