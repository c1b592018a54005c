"""``voicetrail host``: an SSH server that gives each visitor a game and nothing else. Only this package imports asyncssh."""
