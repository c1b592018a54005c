"""What all tests share."""

from __future__ import annotations

import os

# Two workers share the tests (make test): were each to use every core for a product of small matrices, they would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
