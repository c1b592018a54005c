"""The game in the terminal: the only part that uses Textual."""
