"""Faster versions of parts of ``spotting``. Tests check that they agree with the plain versions.

The gain of each, as the median time per hop of the default network, on one thread of a shared 2-core machine (the limit is 0.6 ms):

| network | features | ms per hop |
| --- | --- | --- |
| plain (``model``) | plain (``features``) | 0.61 |
| plain | new frames only (``moving_features``) | 0.56 |
| ``unrolled`` | plain | 0.41 |
| ``unrolled`` | new frames only | 0.33 |

There is a hop every 40 ms while the game runs, so these also save battery. ``moving_patch`` does for the browser's features what
``moving_features`` does for log-mel.
"""
