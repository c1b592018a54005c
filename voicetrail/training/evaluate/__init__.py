"""What is measured of weights, and how thresholds are chosen by it."""
