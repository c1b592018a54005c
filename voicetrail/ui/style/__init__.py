"""Colors and characters: the look of the game's own widgets, and themes."""
