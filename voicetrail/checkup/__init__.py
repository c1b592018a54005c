"""What `voicetrail doctor` looks at: the terminal, the sound, the recognizer."""
