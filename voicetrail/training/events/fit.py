"""Fits the last layer and the score filters of trained weights to events.

    python -m voicetrail.training.events.fit WEIGHTS… --out FOLDER --data DATA

Only the rows of a file's words in the last layer change, the rest of the network stays as it is. They and the filter are fitted to
the embeddings of streams of the training speakers (``training.events.streams``): each word is to be one high score soon after its
end, and nothing else. The detector's settings are then chosen on the choosing half of the validation speakers. On two cores, it takes
an hour, most of it for the embeddings of the streams and the choice of the settings.

Several weights files of the same network with different labels share the streams, but each has rows and a filter of its own. A filter
that was fitted to the four directions took digits for one another (``weights/EXPERIMENTS.md``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voicetrail import output
from voicetrail.errors import TrainingError, VoicetrailError
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.recognizer import HOP, Recognizer
from voicetrail.spotting.score_filter import ScoreFilter
from voicetrail.spotting.weights import Weights, WeightsInfo, load_weights, save_weights
from voicetrail.training.data.corpus import find_folders, load_corpus
from voicetrail.training.data.recordings import Clips
from voicetrail.training.evaluate.clips import in_batches
from voicetrail.training.evaluate.tuning import AllowedRates, choose_settings
from voicetrail.training.events.embeddings import EmbeddedStream, embed_streams, jobs
from voicetrail.training.events.loss import Events, find_events
from voicetrail.training.events.model import EventModel
from voicetrail.vocabulary import DIRECTIONS, RESERVED, UNKNOWN, is_word

STREAMS = 120
"""Streams with the words of each weights file: some eighteen hours. Those of eighteen words hold all directions, too."""
FILTER_EPOCHS, FILTER_RATE = 30, 0.03
"""Passes over the streams with the last layer as it was, and the learning rate of the filter."""
EPOCHS, HEAD_RATE, LATER_RATE = 10, 0.003, 0.01
"""Passes with both, and the learning rates of the last layer and of the filter in them. Fitted together from the start, the filter
had not settled when the last layer had."""
BATCH = 8
"""Streams per step."""
EVENTS = 200
"""Typical number of spoken words in a stream; the losses are divided by it."""
NEAR = 3e-4
"""Weight of the squared distance of the last layer from where it was."""
SMALL = 1e-4
"""Weight of the squares of the filter's coefficients."""
CLIPS_SHARE = 1.0
"""Weight of the cross-entropy of single clips. Without it, the last layer tells single clips apart worse (at 1 % false accepts, 0.8
points); with it, events are detected as well."""
CLIPS_BATCH = 2048
RATES = AllowedRates(among=24.0)
"""Allowed false moves for choosing the threshold: among words, about as many as the weights before made on the same streams (22.5 at
their threshold of 0.78)."""
MORE_RATES = AllowedRates(among=60.0, speech=15.0)
"""Allowed false words for a larger vocabulary, all of whose words count: among words, about as many as *18w* made before (59). In
speech, more than for the directions, because digits do not move the pen, and because the half hour of speech mostly repeats two
phrases: at 9 an hour, a few *zero* and *yes* in them would cost two points of detected words."""
CHOOSE_SECONDS = 450.0
"""Length of each stream for choosing settings, in s."""
CHOOSE_SEEDS = (11, 111)
"""Seeds of these streams."""
SEED = 5


@dataclass(frozen=True, slots=True)
class Scored:
    """A stream as the last layer and the filter see it."""

    embeddings: Tensor
    """``[hops, embedding]``, half precision."""
    talk: Tensor
    """Talk confidence, ``[hops]``."""
    events: Events


@dataclass(frozen=True, slots=True)
class SingleClips:
    """Clips as the last layer sees them."""

    embeddings: Tensor
    """``[clips, embedding]``"""
    classes: Tensor
    """``[clips]``"""


def scored(streams: Sequence[EmbeddedStream], model: EventModel) -> list[Scored]:
    """Find the events of a model's words in those streams in which all of them are known."""
    out = []
    for stream in streams:
        if stream.knows(model.words):
            events = find_events(stream.spoken, model.words, HOP, len(stream.embeddings))
            out.append(Scored(stream.embeddings, model.talk(stream.embeddings.float(), HOP), events))
    return out


def single_clips(clips: Clips, recognizer: Recognizer, classes: Sequence[str]) -> SingleClips:
    """Compute the embeddings of clips; words outside of the classes count as ``_unknown_``."""
    embeddings = torch.cat([recognizer.embeddings(part) for part in in_batches(clips.sound)])
    return SingleClips(embeddings, torch.tensor([classes.index(word if word in classes else UNKNOWN) for word in clips.words]))


def fit(model: EventModel, streams: Sequence[Scored], clips: SingleClips, *, scale: float = 1.0, seed: int = SEED) -> float:
    """Fit a model in place: first its filter, then its filter and last layer together.

    Args:
        model: to fit.
        streams: at least one.
        clips: at least one.
        scale: of the numbers of passes.
        seed: of the order.

    Returns:
        The loss of events per spoken word in the last pass.
    """
    torch.manual_seed(seed)
    _passes(model, streams, None, [([model.taps, model.offset], FILTER_RATE)], max(1, round(FILTER_EPOCHS * scale)))
    head = [model.moved, model.moved_bias]
    rates = [(head, HEAD_RATE), ([model.taps, model.offset], LATER_RATE)]
    return _passes(model, streams, clips, rates, max(1, round(EPOCHS * scale)))


def _passes(
    model: EventModel,
    streams: Sequence[Scored],
    clips: SingleClips | None,
    rates: Sequence[tuple[list[nn.Parameter], float]],
    epochs: int,
) -> float:
    """Fit these parameters with these learning rates; see ``fit``."""
    model.requires_grad_(False)
    for parameters, _ in rates:
        for parameter in parameters:
            parameter.requires_grad_()
    optimizer = torch.optim.Adam([{"params": parameters, "lr": rate} for parameters, rate in rates])
    steps = epochs * -(-len(streams) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [rate for _, rate in rates], max(2, steps))
    spoken, total = max(1, sum(len(each.events.spoken) for each in streams)), 0.0
    for _ in range(epochs):
        total = 0.0
        for rows in _batches(len(streams)):
            optimizer.zero_grad()
            for each in (streams[row] for row in rows):
                # Stream by stream, so that only one is in memory in single precision.
                loss = each.events.loss(model(each.embeddings.float(), each.talk))
                (loss / (BATCH * EVENTS)).backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
            near = NEAR * model.moved.square().sum() + SMALL * model.taps.square().sum()
            if clips is not None:
                some = torch.randint(len(clips.classes), (CLIPS_BATCH,))
                near = near + CLIPS_SHARE * F.cross_entropy(model.logits(clips.embeddings[some]), clips.classes[some])
            near.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return total / spoken


def _batches(count: int) -> list[list[int]]:
    """The rows of streams in random order, in groups."""
    order: list[int] = torch.randperm(count).tolist()
    return [order[at : at + BATCH] for at in range(0, count, BATCH)]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted."""

    head: Mapping[str, Tensor]
    """The last layer: ``head.weight`` ``[classes, embedding]`` and ``head.bias`` ``[classes]``."""
    score_filter: ScoreFilter


def check(weights: Sequence[Weights]) -> None:
    """Refuse weights that cannot be fitted together.

    Raises:
        TrainingError: the first do not know the directions, or others are not of the same network.
    """
    first, *others = weights
    for each in weights:
        if not {*DIRECTIONS, *RESERVED} <= {*each.info.labels}:
            raise TrainingError(f"{each.name} does not know {', '.join(DIRECTIONS)}; name weights that do")
    for each in others:
        if each.info.classes != first.info.classes or each.info.architecture != first.info.architecture:
            raise TrainingError(f"{each.name} is not the same network as {first.name} with other labels; name one that is")


def fit_all(weights: Sequence[Weights], streams: Sequence[EmbeddedStream], clips: SingleClips) -> list[Fitted]:
    """Fit the last layer and a filter for each weights file.

    Args:
        weights: of one network.
        streams: at least one for the words of each.
        clips: at least one.
    """
    out = []
    for each in weights:
        model = EventModel(each.info, each.model.head, words_of(each.info))
        loss = fit(model, scored(streams, model), clips)
        output.write_line(f"{each.name}: loss {loss:.3f} per spoken word", flush=True)
        weight, bias = (value.detach().clone() for value in model.head())
        out.append(Fitted({"head.weight": weight, "head.bias": bias}, model.score_filter()))
    return out


def words_of(info: WeightsInfo) -> tuple[str, ...]:
    """The words of a weights file."""
    return tuple(filter(is_word, info.labels))


def with_filter(info: WeightsInfo, score_filter: ScoreFilter) -> WeightsInfo:
    """The metadata with a filter; the detector settings so far stay as those without it."""
    return replace(info, score_filter=score_filter, unfiltered_detector=info.without_filter().detector)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, choose the settings, and write the weights files."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.events.fit", description="Fit the last layer and the score filters to events."
    )
    parser.add_argument("weights", type=Path, nargs="+", help="weights files of one network that know the directions")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights files with the filter")
    parser.add_argument("--data", type=Path, required=True, help="the recordings, by folder as weights/README.md lists them")
    parser.add_argument("--noise", type=Path, action="append", default=[], help="a further folder of noise")
    parser.add_argument(
        "--negatives", type=Path, action="append", default=[], help="a further folder of speech without the words"
    )
    parser.add_argument("--synthetic", type=Path, help="folder of synthetic speech")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="folder for decoded sound (%(default)s)")
    parser.add_argument(
        "--streams", type=int, default=STREAMS, help="streams with the words of each weights file to fit to (%(default)d)"
    )
    parser.add_argument(
        "--processes", type=int, default=2, help="processes that make the streams and their embeddings (%(default)d)"
    )
    parser.add_argument(
        "--fitted", type=Path, help="folder that this program wrote: fit nothing, only choose the settings again"
    )
    parser.add_argument(
        "--choose-seconds",
        type=float,
        default=CHOOSE_SECONDS,
        help="length of each stream for choosing the settings, in seconds (%(default)g)",
    )
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        folders = find_folders(args.data, args.noise, args.negatives, args.synthetic)
        weights = [load_weights(path) for path in args.weights]
        check(weights)
        if args.fitted is None:
            counts = {words_of(each.info): args.streams for each in weights}
            todo = jobs(counts)
            streams = list(embed_streams(args.weights[0], folders, args.cache, SEED, todo, args.processes))
            clips = load_corpus(folders, "training", args.cache).clips
            made = fit_all(
                weights, streams, single_clips(clips, Recognizer(load_weights(args.weights[0])), weights[0].info.classes)
            )
        else:
            made = [_fitted_before(args.fitted / path.name) for path in args.weights]
        validation = load_corpus(folders, "validation", args.cache)
        for path, each in zip(args.weights, made, strict=True):
            provisional = load_weights(_write(path, args.out, each))
            every_word = {*words_of(provisional.info)} > {*DIRECTIONS}
            rates = MORE_RATES if every_word else RATES
            best = choose_settings(
                provisional, validation, args.choose_seconds, rates=rates, seeds=CHOOSE_SEEDS, every_word=every_word
            )[0]
            output.write_line(
                f"{best.settings}: {best.heard:.1%} detected, {best.false_an_hour:.1f} false moves per hour of speech"
            )
            output.write_line(str(_write(path, args.out, each, best.settings, best.false_moves)), flush=True)
    except (VoicetrailError, OSError) as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    return 0


def _fitted_before(path: Path) -> Fitted:
    """The last layer and the filter of a weights file.

    Raises:
        TrainingError: it has no filter.
    """
    weights = load_weights(path)
    if weights.info.score_filter is None:
        raise TrainingError(f"{path} has no score filter; name a folder that this program wrote")
    state = weights.model.state_dict()
    return Fitted({name: state[name] for name in ("head.weight", "head.bias")}, weights.info.score_filter)


def _write(
    path: Path,
    out: Path,
    made: Fitted,
    settings: DetectorSettings | None = None,
    false_moves: Mapping[str, object] | None = None,
) -> Path:
    """Write a weights file with the last layer, the filter and, if known, the settings; all else stays as it is in ``path``."""
    info = with_filter(load_weights(path).info, made.score_filter)
    if settings is not None:
        thresholds = dict.fromkeys(words_of(info), settings.threshold)
        about = {**info.about, "false_moves": false_moves, "events": {"seed": SEED, "epochs": [FILTER_EPOCHS, EPOCHS]}}
        info = replace(info, detector=replace(settings, thresholds=thresholds), about=about)
    save_weights(out / path.name, {**safetensors.torch.load_file(path), **made.head}, info)
    return out / path.name


if __name__ == "__main__":
    sys.exit(main())
