"""Sound becomes scores, and scores become words."""
