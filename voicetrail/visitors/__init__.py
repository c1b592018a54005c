"""What every server of visitors needs, host or browser page: a game's process on a terminal, limits, a log of events.

A *visitor* is somebody who plays on this machine without an account of it: over ``voicetrail host`` or ``voicetrail serve``. Nothing
here knows the network: a server hands in bytes and an address, and gets bytes back.
"""
