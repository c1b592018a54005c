"""The game in the terminal. Only this package uses Textual."""
