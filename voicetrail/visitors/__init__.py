"""Shared parts of the servers for visitors (SSH host, web page): game processes on a terminal, limits, event log.

A *visitor* plays on this machine without an account on it, over ``voicetrail host`` or ``voicetrail serve``. This package knows
nothing about the network: a server passes bytes and an address, and gets bytes back.
"""
