"""`--words NAME` is `--weights NAME` wherever there are weights, and an unknown name is answered with those that there are."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.replay.makers import record_spoken
from tests.teaching.sets import keep_untrained
from tests.teaching.tones import PITCH, recording, silence, take
from voicetrail.cli import main
from voicetrail.commands import ssh
from voicetrail.program import command_parser
from voicetrail.remote.feeds import open_feed
from voicetrail.remote.ssh import SshRequest
from voicetrail.replay.file.format import SOUND_SUFFIX
from voicetrail.settings import load_settings
from voicetrail.spotting.recognizer import load_recognizer
from voicetrail.teaching import making, word_sets
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import HeadSettings

EVERYWHERE = {
    "play": [],
    "listen": ["demo"],
    "classify": ["a.wav"],
    "calibrate": [],
    "ssh": ["host"],
    "replay": ["last"],
}


@pytest.mark.parametrize("command", EVERYWHERE)
def test_every_command_takes_a_set_by_its_name(command: str) -> None:
    args = command_parser(command).parse_args(["--words", "mine", *EVERYWHERE[command]])
    assert (args.rehear if command == "replay" else args.weights) == "mine"


@pytest.mark.parametrize("command", ["listen", "classify"])
def test_a_set_that_is_not_there_is_answered_with_those_that_are(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    keep_untrained("mine")
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    assert main([command, str(tmp_path / "a.wav"), "--words", "yours"]) != 0
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "there are no weights named 'yours'; there are 18w, directional4w, directional4w-no-gpl, mine" in error
    assert main([command, str(tmp_path / "a.wav"), "--words", "mine"]) == 0


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A set that was really taught, ``mine``: where it is, and a sound in which *rechts* and *links* are said."""
    root = tmp_path_factory.mktemp("taught")
    shipped = making.shipped_negatives()
    thin = shipped.at(slice(None, None, 6))
    examples = ExampleSet(room=silence(3.0))
    for word in PITCH:
        for seed in range(4):
            examples.add(word, take(word, seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(root))
        patch.setattr(making, "shipped_negatives", lambda base="": thin)
        made = making.make_set(examples, {"links": "left", "rechts": "right", "hoch": "up"}, settings=HeadSettings(variants=4))
        making.keep_set("mine", made, examples)
        soundfile.write(root / "said.wav", recording(["rechts", "links"], pause=1.5, seed=12), 16_000)
        yield root


def words_in(lines: str) -> list[str]:
    return [entry["word"] for entry in map(json.loads, lines.splitlines()) if entry["type"] == "detection"]


def test_listen_and_classify_recognize_by_the_set(taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = str(taught / "said.wav")
    assert main(["listen", said, "--words", "mine", "--json"]) == 0
    assert words_in(capsys.readouterr().out) == ["rechts", "links"]
    soundfile.write(taught / "one.wav", recording(["hoch"], seed=13)[:-8000], 16_000)
    assert main(["classify", str(taught / "one.wav"), "--words", "mine", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["word"] == "hoch"
    assert set(found["scores"]) == {*PITCH, "_unknown_", "_background_noise_"}


def test_a_replay_is_recognized_again_by_the_set_with_other_thresholds(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kept.trail"
    record_spoken(path, sound=True)
    soundfile.write(path.with_suffix(SOUND_SUFFIX), recording(["rechts", "links"], pause=1.5, seed=12), 16_000, format="FLAC")
    assert main(["replay", str(path), "--words", "mine", "--json"]) == 0
    heard = capsys.readouterr().out
    assert "rechts" in heard
    assert "links" in heard
    assert main(["replay", str(path), "--words", "mine", "--threshold", "0.999999", "--json"]) == 0
    assert heard != capsys.readouterr().out


def test_calibrate_asks_for_the_words_of_the_set(taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = str(taught / "said.wav")
    code = main(["calibrate", "--words", "mine", "--source", said, "--only", "nope"])
    assert code != 0
    assert "their words are links, rechts, hoch" in capsys.readouterr().err


def test_play_loads_the_set_and_its_words_move(taught: Path, tmp_path: Path) -> None:
    settings = load_settings(
        {"weights": "mine"},
        env={"VOICETRAIL_CONFIG_DIR": str(tmp_path / "config"), "VOICETRAIL_STATE_DIR": str(tmp_path / "state")},
    )
    recognizer = load_recognizer(settings.values.recognizer)
    assert recognizer.name == "mine", "a replay names its weights, and finds them again by that"
    assert recognizer.meanings == {"links": "left", "rechts": "right", "hoch": "up"}
    assert recognizer.detector.threshold == word_sets.list_sets()[0].threshold or recognizer.detector.threshold > 0.3


@pytest.mark.parametrize("where", ["here", "there"])
def test_ssh_recognizes_by_the_set_of_the_machine_that_recognizes(
    where: str, taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it is loaded here; there it is named to the game that is started there."""
    seen: dict[str, object] = {}

    def run(args: argparse.Namespace, request: SshRequest, command: list[str], janitor: object) -> int:
        seen.update(play=request.play, weights=args.weights)
        return 0

    monkeypatch.setattr(ssh, "_run", run)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["ssh", "--words", "mine", "--recognize", where, "host", "--", "--mode", "maze"]) == 0
    if where == "there":
        assert seen["play"] == ("--weights=mine", "--mode", "maze")
        args = command_parser("play").parse_args(list(seen["play"]))
        assert args.weights == "mine"
    else:
        assert seen["play"] == ("--mode", "maze")
        feed = open_feed(
            argparse.Namespace(source=str(taught / "said.wav"), device=None, profile=None, weights=seen["weights"]), words=True
        )
        assert feed is not None
