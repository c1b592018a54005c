"""Keeps the system's sound libraries from writing to the terminal.

ALSA, JACK, PortAudio and libmpg123 report every problem on standard error, which is where the game draws its
screen. ALSA and JACK accept a callback for their reports. The others print to the C library's ``stderr``, which in glibc is a
variable that can be redirected; Python's own standard error uses the file descriptor and is not affected.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform

_ALSA_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
_JACK_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


def _ignore(*message: object) -> None:
    """Ignore a message."""


# Kept for the life of the process, because the libraries store their addresses.
_ignore_alsa = _ALSA_HANDLER(_ignore)
_ignore_jack = _JACK_HANDLER(_ignore)


@functools.cache
def silence_native_libraries() -> None:
    """Silence the sound libraries in this process. Does nothing on later calls, or for missing libraries."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_ignore_alsa)
    for name in ("jack_set_error_function", "jack_set_info_function"):
        with contextlib.suppress(OSError, AttributeError):
            getattr(ctypes.CDLL("libjack.so.0"), name)(_ignore_jack)
    # Only with glibc: elsewhere, `stderr` may be in read-only memory.
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError, ValueError):
            library = ctypes.CDLL(None)
            library.fopen.restype = ctypes.c_void_p
            nowhere = library.fopen(os.devnull.encode(), b"w")
            if nowhere:
                ctypes.c_void_p.in_dll(library, "stderr").value = nowhere
