"""What every server of visitors needs, host or browser page: a game's process on a terminal, limits, a log of events.

A *visitor* is somebody who plays on this machine without having an account on it: over ``voicetrail host`` or ``voicetrail
serve``. Nothing here knows about the network: a server passes in bytes and an address, and gets bytes back.
"""
