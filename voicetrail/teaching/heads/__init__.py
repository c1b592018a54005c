"""Heads on a frozen backbone: training them on takes, and evaluating them on held-out data."""
