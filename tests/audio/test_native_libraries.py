from __future__ import annotations

import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc lets its stderr be moved")
def test_only_the_c_library_is_silenced() -> None:
    script = (
        "import ctypes, sys\n"
        "from voicetrail.audio.native_libraries import silence_native_libraries\n"
        "silence_native_libraries()\n"
        "ctypes.CDLL(None).perror(b'from C')\n"
        "print('from Python', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert done.stderr == "from Python\n"
