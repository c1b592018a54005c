"""`voicetrail ssh --words NAME`: the set of the machine that recognizes, and of no other, is what the words are recognized by."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, Speech, VirtualMicrophone, wait_until
from tests.e2e.sshd import SshServer
from tests.e2e.test_ssh_game import PATIENCE, ROOT, shown, strokes, words_kept
from tests.e2e.test_teaching import TAKES, clips, spaced

MEANINGS = {"on": "up", "forward": "right", "backward": "left"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("where", ["here", "there"])
def test_taught_words_draw_over_ssh(
    where: str,
    short_path: Path,
    home: dict[str, str],
    terminal: OpenTerminal,
    virtual_mic: VirtualMicrophone,
    speech: Speech,
    tmp_path: Path,
) -> None:
    recorded = {word: clips(speech, word) for word in MEANINGS}
    with_set, without = ({"XDG_DATA_HOME": str(tmp_path / name)} for name in ("with", "without"))
    given = [f"--word={word}={meaning}" for word, meaning in MEANINGS.items()]
    for word in MEANINGS:
        folder = tmp_path / word
        folder.mkdir()
        for number, path in enumerate(sorted((speech.folder / "speech_commands" / word).glob("4e6902d0_nohash_*"))[:TAKES]):
            (folder / f"{number}{path.suffix}").write_bytes(path.read_bytes())
        given.append(f"--from={word}={folder}")
    env = {**os.environ, **home, **with_set}
    subprocess.run([*VOICETRAIL, "teach", "mine", *given], env=env, cwd=ROOT, check=True, capture_output=True, timeout=200)

    near, far = (with_set, without) if where == "here" else (without, with_set)
    folder = short_path / "sshd"
    folder.mkdir()
    server = SshServer(folder, environment={"PYTHONPATH": str(ROOT), **home, **far})
    try:
        kept = tmp_path / "kept.trail"
        line = server.voicetrail_ssh("--words", "mine", "--recognize", where, play=("--record", str(kept)))
        screen = terminal(shown(line), env={**virtual_mic.env, **near}, cwd=ROOT)
        screen.wait_for("● listening", PATIENCE)
        virtual_mic.wait_for_listener()
        time.sleep(1.5)
        said = [(word, sound) for word, sounds in recorded.items() for sound in sounds[TAKES:]]
        virtual_mic.play_samples(spaced([sound for _, sound in said], 1.5))
        wait_until(lambda: strokes(screen) >= len(said) - 2, what="the words in the game")
        screen.send_keys("q")
        assert screen.wait_for_exit() == 0, screen.capture()
    finally:
        server.close()
    heard = words_kept(kept)
    assert {*heard} <= {*MEANINGS}
    assert sum(word in heard for word, _ in said) >= len(said) - 1, (said, heard)
