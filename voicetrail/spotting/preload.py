"""Loads torch's largest library before torch is imported, so that the thread that draws the screen does not stall.

The import of torch opens a library of several hundred megabytes, which takes about 0.4 s. Python holds its global lock meanwhile,
so no other thread runs. Called through ctypes, ``dlopen`` releases the lock, and the import then finds the library already open.
Measured on two cores, the longest stall of another thread is 0.43 to 0.47 s without this, and 0.05 to 0.11 s with it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from pathlib import Path

LIBRARIES = ("libtorch_global_deps", "libc10", "libtorch_cpu")
"""In the order in which torch opens them."""


def preload_torch() -> bool:
    """Open torch's libraries without holding Python's global lock.

    Returns:
        Whether all were opened. ``False`` (they have other names on this system) is harmless: the import will open them.
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
