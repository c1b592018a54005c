"""The commands, one module each.

The module of a command has ``add_arguments(parser)`` and ``run(args) -> int``, which returns the exit code. At the top it imports
only what the arguments need. ``run`` imports torch, Textual and the rest, so that ``--help`` is instant.
"""
