"""The list of sets of words."""
