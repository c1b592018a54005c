"""Fits the last layer and the score filter of trained weights to events.

    python -m voicetrail.training.events.fit WEIGHTS… --out FOLDER --data DATA

Only the rows of the four directions in the last layer change, the rest of the network stays as it is. They and the filter are fitted
to the embeddings of streams of the training speakers (``training.events.streams``): each word is to be one high score soon after its
end, and nothing else. The detector's settings are then chosen on the choosing half of the validation speakers. On one core, it takes
half an hour, most of it for the sound of the streams.

Further weights files of the same network with other labels get the same rows, but no filter: it is fitted to four words. With
eighteen, it answered 60 ms sooner, but made 36 instead of 6 false moves an hour among them (``weights/EXPERIMENTS.md``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voicetrail import output
from voicetrail.errors import TrainingError, VoicetrailError
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.score_filter import ScoreFilter
from voicetrail.spotting.weights import Weights, WeightsInfo, load_weights, save_weights
from voicetrail.training.data.corpus import Corpus, find_folders, load_corpus
from voicetrail.training.data.recordings import Clips
from voicetrail.training.evaluate.clips import in_batches
from voicetrail.training.evaluate.streams import Stream
from voicetrail.training.evaluate.tuning import AllowedRates, choose_settings
from voicetrail.training.events.loss import Events, find_events
from voicetrail.training.events.model import EventModel, Fitted
from voicetrail.training.events.streams import other_streams, spoken_streams
from voicetrail.vocabulary import DIRECTIONS, RESERVED, UNKNOWN, is_word

STREAMS = 80
"""Streams with words: some twelve hours."""
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
CHOOSE_SECONDS = 900.0
"""Length of each stream for choosing settings, in s."""
SEED = 5


@dataclass(frozen=True, slots=True)
class Scored:
    """A stream as the last layer sees it."""

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


def scored(streams: Iterable[Stream], recognizer: Recognizer, model: EventModel, words: Sequence[str]) -> list[Scored]:
    """Compute the embeddings and the events of streams."""
    out = []
    for stream in streams:
        embeddings = recognizer.embed_all(stream.sound)
        talk = model.talk(embeddings, recognizer.hop)
        out.append(Scored(embeddings.half(), talk, find_events(stream.spoken, words, recognizer.hop, len(embeddings))))
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
    taps, head = [model.taps, model.offset], [model.moved, model.moved_bias]
    _passes(model, streams, None, [(taps, FILTER_RATE)], max(1, round(FILTER_EPOCHS * scale)))
    return _passes(model, streams, clips, [(head, HEAD_RATE), (taps, LATER_RATE)], max(1, round(EPOCHS * scale)))


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


def fitted(weights: Weights, corpus: Corpus, streams: int, seed: int = SEED) -> tuple[Fitted, float]:
    """Fit the last layer and a filter on the training split.

    Args:
        weights: they are prepared for inference, in place.
        corpus: the training split.
        streams: how many streams with words.
        seed: of everything.

    Returns:
        What was fitted, and the loss per spoken word.

    Raises:
        TrainingError: the weights do not know the four directions.
    """
    info = weights.info
    if not {*DIRECTIONS, *RESERVED} <= {*info.labels}:
        raise TrainingError(f"{weights.name} does not know {', '.join(DIRECTIONS)}; name weights that do first")
    recognizer = Recognizer(weights)
    model = EventModel(info, weights.model.head, DIRECTIONS)
    found = scored(spoken_streams(corpus, streams, seed), recognizer, model, DIRECTIONS)
    found += scored(other_streams(corpus, seed), recognizer, model, DIRECTIONS)
    loss = fit(model, found, single_clips(corpus.clips, recognizer, info.classes), seed=seed)
    return model.fitted(), loss


def with_filter(info: WeightsInfo, score_filter: ScoreFilter) -> WeightsInfo:
    """The metadata with a filter; the detector settings so far stay as those without it."""
    return replace(info, score_filter=score_filter, unfiltered_detector=info.without_filter().detector)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, choose the settings, and write the weights files."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.events.fit", description="Fit the last layer and the score filter to events."
    )
    parser.add_argument(
        "weights", type=Path, nargs="+", help="weights files of one network; the first must know the directions"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights files with the filter")
    parser.add_argument("--data", type=Path, required=True, help="the recordings, by folder as weights/README.md lists them")
    parser.add_argument("--noise", type=Path, action="append", default=[], help="a further folder of noise")
    parser.add_argument(
        "--negatives", type=Path, action="append", default=[], help="a further folder of speech without the words"
    )
    parser.add_argument("--synthetic", type=Path, help="folder of synthetic speech")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="folder for decoded sound (%(default)s)")
    parser.add_argument("--streams", type=int, default=STREAMS, help="streams with words to fit to (%(default)d)")
    parser.add_argument(
        "--fitted", type=Path, help="weights file that this program wrote: fit nothing, only choose the settings again"
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
        if args.fitted is None:
            made, loss = fitted(load_weights(args.weights[0]), load_corpus(folders, "training", args.cache), args.streams)
            output.write_line(f"fitted to {args.streams} streams: loss {loss:.3f} per spoken word", flush=True)
        else:
            made = _fitted_before(args.fitted)
        for path in args.weights[1:]:
            output.write_line(str(_write_rows(path, args.out, made)))
        first = load_weights(_write(args.weights[0], args.out, made))
        validation = load_corpus(folders, "validation", args.cache)
        best = choose_settings(first, validation, args.choose_seconds, rates=RATES)[0]
        output.write_line(
            f"{best.settings}: {best.heard:.1%} detected, {best.false_an_hour:.1f} false moves per hour of speech"
        )
        output.write_line(str(_write(args.weights[0], args.out, made, best.settings, best.false_moves)))
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
        raise TrainingError(f"{path} has no score filter; name a file that this program wrote")
    state = weights.model.state_dict()
    return Fitted({name: state[name] for name in ("head.weight", "head.bias")}, weights.info.score_filter)


def _write_rows(path: Path, out: Path, made: Fitted) -> Path:
    """Write a weights file with the last layer only."""
    save_weights(out / path.name, {**safetensors.torch.load_file(path), **made.head}, load_weights(path).info)
    return out / path.name


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
        thresholds = dict.fromkeys(filter(is_word, info.labels), settings.threshold)
        about = {**info.about, "false_moves": false_moves, "events": {"seed": SEED, "epochs": [FILTER_EPOCHS, EPOCHS]}}
        info = replace(info, detector=replace(settings, thresholds=thresholds), about=about)
    save_weights(out / path.name, {**safetensors.torch.load_file(path), **made.head}, info)
    return out / path.name


if __name__ == "__main__":
    sys.exit(main())
