"""The commands, a module each.

A command's module offers ``add_arguments(parser)`` and ``run(args) -> int`` (the exit code). At its top it imports only what its
arguments need; torch, Textual and the rest wait for ``run``, so that ``--help`` is instant.
"""
