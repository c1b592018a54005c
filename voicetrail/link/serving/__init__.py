"""The end of a connection that has the microphone: it serves sound, or the words in it."""
