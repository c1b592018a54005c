"""Widgets that show how listening stands: score bars, the sound, its level, the last words."""
