from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import time
from bench import end_cleanly_when_killed
end_cleanly_when_killed()
try:
    print("measuring", flush=True)
    time.sleep(60)
finally:
    print("the server is ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_killed_measurement_ends_its_children(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", CODE], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "measuring\n"
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    assert said == "the server is ended\n"
    assert process.returncode == 128 + number
