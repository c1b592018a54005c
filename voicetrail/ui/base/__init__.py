"""The base classes of the screens."""
