"""The replay file: its format, how it is written, and how it is read."""
