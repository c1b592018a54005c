"""Faster versions of what ``spotting`` does plainly; tests hold that both agree.

What each buys, median of a hop of the default network on one thread of a shared 2-core machine (the limit is 0.6 ms):

| network | features | ms a hop |
| --- | --- | --- |
| plain (``model``) | plain (``features``) | 0.61 |
| plain | new frames alone (``moving_features``) | 0.56 |
| ``unrolled`` | plain | 0.41 |
| ``unrolled`` | new frames alone | 0.33 |

A hop comes every 40 ms for as long as the game runs, so these also decide how warm a laptop gets. ``moving_patch`` does for the
browser's features what ``moving_features`` does for log-mel.
"""
