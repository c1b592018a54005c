"""Which English lines hold a word of the vocabulary, and so cannot be told to a recognizer as none.

``python -m voicetrail.training.data.transcribe OUT`` transcribes the lines that
``python -m voicetrail.training.data.speech OUT --all`` wrote, and lists in ``left_out.txt`` those that
``training.data.speech`` has to leave out from then on. Transcripts are kept in ``OUT/transcripts.jsonl``; a run that was
stopped goes on where it was. Six hours of sound take half an hour of one core.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from voicetrail import output
from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.install import pip_command
from voicetrail.training.data.recordings import decode
from voicetrail.training.data.speech import LEFT_OUT, read_left_out
from voicetrail.vocabulary import VOCABULARIES

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

ENGLISH = ("drascula", "en_US_f_Allison", "queen")
TRANSCRIPTS = "transcripts.jsonl"
WORDS = frozenset(VOCABULARIES["18w"])
PIECE = int(28.5 * SAMPLE_RATE)
"""Samples; Whisper hears 30 s at once, however short a line is, so that lines are joined."""
GAP = int(0.6 * SAMPLE_RATE)
"""Samples of silence after each line of a piece."""
HEAD = (
    "# English lines that voicetrail.training.data.speech leaves out: in their transcripts "
    "(voicetrail.training.data.transcribe, Whisper tiny) is a word of the vocabulary 18w or a figure, or nothing at all."
)


def must_go(transcript: str) -> bool:
    """Whether a line must not be told as none of the words: one of them is said in it, or nobody knows what.

    A figure of any length counts as one of them ("25" ends in "five").
    """
    words = re.findall(r"[a-z]+", transcript.lower())
    figures = re.search(r"\d", transcript) is not None
    return figures or not words or not WORDS.isdisjoint(words)


def join(lengths: Sequence[int]) -> list[list[int]]:
    """Join lines, by their lengths in samples, to pieces of at most ``PIECE`` (a longer line is a piece of its own).

    Returns:
        Numbers of the lines of each piece, in order.
    """
    pieces: list[list[int]] = []
    size = PIECE
    for number, length in enumerate(lengths):
        if not pieces or size + length + GAP > PIECE:
            pieces.append([])
            size = 0
        pieces[-1].append(number)
        size += length + GAP
    return pieces


def share_out(words: Iterable[tuple[float, float, str]], lengths: Sequence[int]) -> list[str]:
    """Give each line of a piece its words by their times.

    Args:
        words: begin and end in the piece, in seconds, and text (with the space before it).
        lengths: samples of the piece's lines.

    Returns:
        A transcript a line. A word belongs to the line in, or nearest to, which its middle lies.
    """
    ends = (np.cumsum([length + GAP for length in lengths]) - GAP // 2) / SAMPLE_RATE
    texts = [""] * len(lengths)
    for begin, end, text in words:
        texts[min(int(np.searchsorted(ends, (begin + end) / 2, side="right")), len(texts) - 1)] += text
    return texts


def load_model(name: str) -> WhisperModel:
    """Load a Whisper model.

    Raises:
        TrainingError: faster-whisper is not installed, or there is no such model.
    """
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise TrainingError(f"faster-whisper transcribes and is not installed: {pip_command('faster-whisper')}") from None
    try:
        return WhisperModel(name, device="cpu", compute_type="int8")
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(f"the model {name} cannot be had ({error}); name one, or a folder that holds one") from None


def transcribe(paths: Sequence[Path], model: WhisperModel) -> Iterator[tuple[Path, str]]:
    """Transcribe lines, greedily, a piece at a time.

    Raises:
        TrainingError: a line cannot be read.
    """
    for piece in join([_samples(path) for path in paths]):
        sounds = [decode(paths[number]) for number in piece]
        sound = np.concatenate([np.pad(sound, (0, GAP)) for sound in sounds]).astype(np.float32) / 32768.0
        segments, _ = model.transcribe(
            sound, language="en", beam_size=1, temperature=0.0, word_timestamps=True, condition_on_previous_text=False
        )
        words = [(word.start, word.end, word.word) for segment in segments for word in segment.words or ()]
        yield from zip((paths[number] for number in piece), share_out(words, [len(sound) for sound in sounds]), strict=True)


def _samples(path: Path) -> int:
    try:
        return int(soundfile.info(path).frames)
    except soundfile.LibsndfileError as error:
        raise TrainingError(f"{path} cannot be read as sound ({error}); write it again by training.speech") from None


def read_transcripts(path: Path) -> dict[str, str]:
    """Read the transcripts of earlier runs, by the lines' names; of a run that was killed, all whole ones.

    Raises:
        TrainingError: the file holds something else.
    """
    rows = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    try:
        read = [json.loads(row) for row in rows if row.endswith("\n")]
        return {str(row["line"]): str(row["text"]) for row in read}
    except (ValueError, TypeError, KeyError):
        raise TrainingError(f"{path} holds no transcripts; remove it") from None


def make_list(out: Path, model_name: str, target: Path) -> tuple[int, int]:
    """Transcribe what was not yet, and rewrite the list. Lines that are not in ``out`` stay in it.

    Returns:
        Lines transcribed, now and before, and how many of them are left out.

    Raises:
        TrainingError: there are no lines, no model, or a line cannot be read.
    """
    paths = {f"{path.parent.name}/{path.stem}": path for voice in ENGLISH for path in sorted((out / voice).glob("*.flac"))}
    saved = out / TRANSCRIPTS
    texts = read_transcripts(saved)
    if not paths and not texts:
        raise TrainingError(f"{out} holds no English lines; write them: python -m voicetrail.training.data.speech {out} --all")
    missing = {path: name for name, path in paths.items() if name not in texts}
    if missing:
        model = load_model(model_name)
        # Whole rows only: what a killed run left of its last one would spoil the next.
        replace_file(saved, "".join(_row(name, text) for name, text in texts.items()), mode=PUBLIC_FILE)
        with saved.open("a", encoding="utf-8") as file:
            for number, (path, text) in enumerate(transcribe(list(missing), model), 1):
                texts[missing[path]] = text
                file.write(_row(missing[path], text))
                file.flush()
                if number % 100 == 0:
                    output.write_line(f"{number} of {len(missing)} lines", flush=True)
    gone = {name for name, text in texts.items() if must_go(text)}
    names = sorted(gone | (read_left_out(target) - texts.keys()))
    replace_file(target, "\n".join([HEAD, *names, ""]), mode=PUBLIC_FILE)
    return len(texts), len(gone)


def _row(name: str, text: str) -> str:
    return json.dumps({"line": name, "text": text}, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.data.transcribe",
        description="List the English lines that hold a word of the vocabulary.",
    )
    parser.add_argument("out", type=Path, help="folder that training.speech --all wrote to")
    parser.add_argument("--model", default="tiny", help="name of a Whisper model, or its folder (%(default)s)")
    parser.add_argument("--list", type=Path, default=LEFT_OUT, help="the list to rewrite (%(default)s)")
    args = parser.parse_args(arguments)
    try:
        lines, gone = make_list(args.out, args.model, args.list)
    except TrainingError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    output.write_line(f"{lines} lines transcribed, {gone} of them left out: {args.list}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
