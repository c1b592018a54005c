"""The checks of `voicetrail doctor`: terminal, sound, recognizer."""
