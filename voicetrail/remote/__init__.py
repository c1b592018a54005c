"""The microphone over the network, and ``voicetrail ssh``."""
