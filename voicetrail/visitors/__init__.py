"""What every door for visitors needs, whichever way they come in: a game's process on a terminal, limits, a log of events.

A *visitor* is somebody who plays on this machine without an account of it: over ``voicetrail host`` or ``voicetrail serve``. Nothing
here knows the network: a door hands in bytes and an address, and gets bytes back.
"""
