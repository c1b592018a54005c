"""Attacks on the program's inputs, seeded and bounded. They should find nothing. `make attack` runs all of them."""
