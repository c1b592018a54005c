"""Attacks on the program: seeded, bounded, and meant to find nothing. `make attack` runs them all."""
