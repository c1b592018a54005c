"""Say up, down, left, right: a trail draws itself in the terminal.

For programmers: ``voicetrail.create(...)`` gives the recogniser without the game (see ``voicetrail.api``, imported at first use, so
that the command line loads no torch for ``--help``).
"""

__version__ = "0.1.0"
