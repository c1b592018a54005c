"""Loads torch's largest library before torch is imported, so that a screen drawn by another thread does not stop meanwhile.

The import of torch opens a library of several hundred megabytes, which takes about 0.4 s, and Python holds its global lock all
the while: no other thread runs. Called as a foreign function, ``dlopen`` gives the lock up; the import then finds the library
open. Measured on two cores: longest stall of another thread 0.43 to 0.47 s without this, 0.05 to 0.11 s with it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from pathlib import Path

LIBRARIES = ("libtorch_global_deps", "libc10", "libtorch_cpu")
"""In the order in which torch itself opens them."""


def preload_torch() -> bool:
    """Open torch's libraries without holding Python's lock.

    Returns:
        Whether all were opened; ``False`` where they have other names, which does no harm: the import opens them then.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations or not hasattr(os, "RTLD_GLOBAL"):
        return False
    folder = Path(spec.submodule_search_locations[0]) / "lib"
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    opened = True
    for name in LIBRARIES:
        path = next((path for path in (folder / f"{name}.so", folder / f"{name}.dylib") if path.exists()), None)
        visible = os.RTLD_GLOBAL if name == LIBRARIES[0] else os.RTLD_LOCAL
        opened = path is not None and bool(dlopen(os.fsencode(path), os.RTLD_NOW | visible)) and opened
    return opened
