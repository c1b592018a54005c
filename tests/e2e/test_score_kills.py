"""Games that are killed while they keep their results."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voicetrail.scores.store import ScoreStore

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
KILLS = 100
_GAME = """
import sys
from pathlib import Path
from tests.scores.makers import row
from voicetrail.scores.store import ScoreStore
with ScoreStore(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    while True:
        one = row()
        print("begun", one.uid, flush=True)
        store.add(one)
        print("kept", one.uid, flush=True)
"""


def test_a_hundred_kills_lose_no_finished_round(tmp_path: Path) -> None:
    path, dice = tmp_path / "scores.sqlite3", random.Random(1)
    kept: set[str] = set()
    begun: set[str] = set()
    for _ in range(KILLS):
        game = subprocess.Popen([sys.executable, "-c", _GAME, str(path)], stdout=subprocess.PIPE, text=True)
        assert game.stdout is not None
        assert game.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0, 0.05))
        game.send_signal(signal.SIGKILL)
        for line in game.stdout.read().splitlines():
            kind, _, uid = line.partition(" ")
            if len(uid) == 32:  # the last line may be cut off by the kill
                (kept if kind == "kept" else begun).add(uid)
        game.wait()
    with ScoreStore(path) as store:
        assert not store.notices, "the database opens as it is"
        found = {row.uid for row in store.rows()}
        assert all(row.by_word for row in store.rows()), "each is whole"
    assert len(kept) > KILLS
    assert kept <= found <= begun
