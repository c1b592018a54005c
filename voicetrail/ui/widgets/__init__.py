"""The widgets of the live game and the replay player."""
