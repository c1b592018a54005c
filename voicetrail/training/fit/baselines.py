"""Trains the networks that ours is compared with, and puts them beside it: ``make baselines ARGS="--data DATA"``.

They are trained by the same code on the same recordings, the hard places of talk and noise among them, that ``make weights`` found
for ours. A network is trained in rounds: each is a rise and a fall of the learning rate over ``EPOCHS`` epochs, and begins with
the best weights so far. A network has settled when a round gains less than ``SETTLED``. Temperature and threshold are then chosen by
the rule that ours were chosen by, on the same half of the validation speakers, and ``evaluate.compare`` makes the table.

What is there already is not made again: a run that was stopped goes on where it was (within a round, after its last epoch).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from voicetrail import output
from voicetrail.errors import TrainingError, VoicetrailError
from voicetrail.spotting.weights import load_weights, save_weights
from voicetrail.training.data.corpus import find_folders, load_corpus
from voicetrail.training.evaluate import compare
from voicetrail.training.fit import stages
from voicetrail.training.fit.checkpoints import BEST, HISTORY
from voicetrail.training.fit.job import chosen_for
from voicetrail.vocabulary import DEFAULT_VOCABULARY

EPOCHS = 8
"""Of a round."""
SETTLED = 0.01
"""A round that gains less than this, in the mean of clips right and of clips right at 1 % false accepts, is a network's last."""
CHOOSE_SECONDS, LONGEST_S = 60.0, 600.0
"""Length of each stream with words that a threshold is chosen on, and of the longest one without: shorter than for ours, for time."""
MINED = "hard-*.npy"
WEIGHTS = f"{DEFAULT_VOCABULARY}.safetensors"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is trained."""

    rate: float
    """Highest learning rate."""
    repeat: int
    """Epochs that share their windows: few where composing takes most of the time, more where the network does."""
    bfloat16: bool = True


RECIPES = MappingProxyType(
    {
        "cnn-one-fstride4": Recipe(0.001, 2, bfloat16=False),
        "cnn-trad-fpool3": Recipe(0.001, 2),
        "browser-fft": Recipe(0.0015, 4),
        "ds-cnn": Recipe(0.003, 4),
        "bc-resnet": Recipe(0.003, 4),
    }
)
"""By architecture, in the order in which they are trained: those that take least time first."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds of one network that have been trained to their end.

    Args:
        folder: of the network, with a folder a round.
    """

    folder: Path

    @property
    def scores(self) -> list[float]:
        """Of each round, the best epoch's mean of both figures."""
        found: list[float] = []
        while (self.at(len(found) + 1) / WEIGHTS).exists():
            history = json.loads((self.at(len(found) + 1) / HISTORY).read_text("utf-8"))
            found.append(max((epoch["accuracy"] + epoch["recall"]) / 2 for epoch in history))
        return found

    @property
    def gain(self) -> float | None:
        """What the last round gained on the best before it; ``None`` before there are two."""
        scores = self.scores
        return scores[-1] - max(scores[:-1]) if len(scores) > 1 else None

    @property
    def settled(self) -> bool:
        """Whether more rounds would gain little."""
        gain = self.gain
        return gain is not None and gain < SETTLED

    @property
    def best(self) -> Path | None:
        """The folder of the best round."""
        scores = self.scores
        return self.at(scores.index(max(scores)) + 1) if scores else None

    @property
    def chosen(self) -> bool:
        """Whether there are weights whose threshold was chosen after the best round."""
        path, best = self.folder / WEIGHTS, self.best
        return best is not None and path.exists() and path.stat().st_mtime_ns >= (best / WEIGHTS).stat().st_mtime_ns

    def at(self, number: int) -> Path:
        """The folder of a round, the first of which is 1."""
        return self.folder / f"round-{number}"


@dataclass(frozen=True, slots=True)
class Recordings:
    """Where everything lies that the networks hear."""

    data: Path
    speech: Path
    synthetic: Path
    cache: Path
    mined: Path
    """The training that found the hard places of talk and noise."""

    def arguments(self) -> list[str]:
        """As ``voicetrail train`` takes them."""
        read = ("--data", self.data, "--negatives", self.speech, "--synthetic", self.synthetic, "--cache", self.cache)
        return [str(value) for value in read]

    def check(self) -> None:
        """Refuse to begin without what ``make weights`` made.

        Raises:
            TrainingError: something is missing.
        """
        for folder in (self.speech, self.synthetic):
            if not folder.is_dir():
                raise TrainingError(f"there is no {folder}; make weights makes it")
        if not any(self.mined.glob(MINED)):
            raise TrainingError(
                f"{self.mined} holds no {MINED}; make weights finds them, or name another training with --mined"
            )


def train_round(name: str, rounds: Rounds, heard: Recordings) -> None:
    """Train a network's next round.

    Args:
        name: of its architecture.
        rounds: that it has.
        heard: what it hears.
    """
    number, recipe, best = len(rounds.scores) + 1, RECIPES[name], rounds.best
    out = rounds.at(number)
    out.mkdir(parents=True, exist_ok=True)
    start: list[str] = []
    if best is not None:
        for path in heard.mined.glob(MINED):
            shutil.copy(path, out)
        start = ["--begin-with", str(best / BEST), "--mine"]
    settings = (
        "--epochs",
        str(EPOCHS),
        "--learning-rate",
        str(recipe.rate),
        "--repeat",
        str(recipe.repeat),
        "--strength",
        "0.6",
    )
    more = (
        *settings,
        *start,
        *(["--bfloat16"] if recipe.bfloat16 else []),
        "--seed",
        str(19 + number),
        "--choose-seconds",
        "0",
    )
    where = ("--architecture", name, "--out", str(out), "--resume", "--workers", "0")
    stages.run_voicetrail("train", *heard.arguments(), *where, *more)


def choose(rounds: Rounds, ours: Path, heard: Recordings, seconds: float = CHOOSE_SECONDS) -> Path:
    """Choose a network's temperature and threshold, and write its weights.

    Args:
        rounds: that it has; the weights of the best are taken.
        ours: weights whose smoothing and talk shift are taken.
        heard: what is heard for it: the choosing half.
        seconds: length of each stream with words.
    """
    path, best = rounds.folder / WEIGHTS, rounds.best
    if best is None:
        raise TrainingError(f"{rounds.folder} holds no round that was trained to its end")
    folders = find_folders(heard.data, negatives=[heard.speech], synthetic=heard.synthetic)
    corpus, like = load_corpus(folders, "validation", heard.cache), load_weights(ours).info.without_filter().detector
    weights = chosen_for(load_weights(best / WEIGHTS), corpus, seconds, output.write_line, like, LONGEST_S)
    about = {**weights.info.about, "rounds": rounds.scores, "settled": rounds.settled}
    save_weights(path, weights.model.state_dict(), replace(weights.info, about=about))
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="python -m voicetrail.training.fit.baselines", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the recordings, by folder as weights/README.md lists them")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of what make weights made (%(default)s)")
    parser.add_argument("--mined", type=Path, help="folder of the training that found the hard places (RUNS/b)")
    parser.add_argument("--ours", type=Path, default=Path("weights") / WEIGHTS, help="weights to compare with (%(default)s)")
    parser.add_argument("--network", action="append", choices=tuple(RECIPES), help="only this; may be given again (all)")
    parser.add_argument("--rounds", type=int, default=6, help="most rounds of a network that does not settle (%(default)s)")
    args = parser.parse_args(arguments)
    runs: Path = args.runs
    heard = Recordings(args.data, runs / "speech", runs / "synthetic", runs / "cache", args.mined or runs / "b")
    networks = {name: Rounds(runs / "baselines" / name) for name in args.network or RECIPES}
    try:
        stages.check(args.data, runs)
        heard.check()
        for number in range(1, args.rounds + 1):
            for name, rounds in networks.items():
                if len(rounds.scores) < number and not rounds.settled:
                    output.write_line(f"{name}, round {number} …", flush=True)
                    train_round(name, rounds, heard)
        for name, rounds in networks.items():
            output.write_line(f"{name}: {_said(rounds)}", flush=True)
            if not rounds.chosen:
                choose(rounds, args.ours, heard)
    except VoicetrailError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    weights = [str(path) for path in (args.ours, *(rounds.folder / WEIGHTS for rounds in networks.values()))]
    return compare.main([*heard.arguments(), str(runs / "baselines" / "figures"), *weights])


def _said(rounds: Rounds) -> str:
    scores, gain = rounds.scores, rounds.gain
    if gain is None:
        return "no second round"
    state = "settled" if rounds.settled else "not settled"
    return f"{len(scores)} rounds, {max(scores):.1%}, the last gained {100 * gain:.1f} points: {state}"


if __name__ == "__main__":
    sys.exit(main())
