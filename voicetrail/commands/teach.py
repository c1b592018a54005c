"""Teach words of your own. Say each a few times, and a recognizer for them is trained in seconds.

  voicetrail teach mine --word links=left --word rechts=right --word hoch=up --word runter=down

The room is recorded first. Then the command asks for each word --takes times; speak at your own pace. Takes can also come from sound
files and folders (--from links=links.wav; long recordings are cut), and from replays with recorded sound (--replay). If you stop in
the middle, the takes are saved, and --continue resumes. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import AudioError, TeachingError, UsageError, VoicetrailError
from voicetrail.progress import progress_bar
from voicetrail.text import expanded_path, printable

if TYPE_CHECKING:
    from voicetrail.teaching.examples import ExampleSet
    from voicetrail.teaching.heads.teach import Taught
    from voicetrail.teaching.recorder import TakeRecorder
    from voicetrail.teaching.takes import Take

TAKES = 6
PERSONAL_TAKES = 5
ROOM_S = 4.0
TAKE_TIMEOUT_S = 15.0
"""Recording gives up after so many seconds without a take."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail teach``."""
    parser.add_argument("name", metavar="NAME", help="the name of the set")
    parser.add_argument(
        "--word",
        action="append",
        default=[],
        metavar="WORD[=MEANING]",
        help="a word, and what it does in the game: up, down, left, right, go or stop (without a meaning: nothing); may be repeated",
    )
    parser.add_argument(
        "--personal", action="store_true", help="adapt the shipped words to your voice; saved only if the result is better"
    )
    parser.add_argument(
        "--takes",
        type=int,
        metavar="N",
        help=f"how often to ask for each word (default: {TAKES}, or {PERSONAL_TAKES} with --personal)",
    )
    parser.add_argument(
        "--from",
        dest="files",
        action="append",
        default=[],
        metavar="WORD=PATH",
        help="takes from a sound file of any format, or from every sound file in a folder; may be repeated",
    )
    parser.add_argument(
        "--replay",
        dest="replays",
        action="append",
        default=[],
        metavar="[WORD=]REPLAY",
        help="takes from a replay with recorded sound: words that were missed and marked (m), each under its own name; with WORD=, "
        "everything marked or undone becomes a take of WORD; may be repeated",
    )
    parser.add_argument("--examples", type=Path, metavar="FOLDER", help="takes from a folder in the Speech Commands layout")
    parser.add_argument("--add", action="store_true", help="add takes to the existing set, instead of replacing it")
    parser.add_argument(
        "--continue", dest="resume", action="store_true", help="resume with the takes that were saved when teaching stopped"
    )
    parser.add_argument("--source", default="mic", help="the source to record takes from (default: %(default)s)")
    parser.add_argument("--device", help="the microphone, by number or by part of its name")
    parser.add_argument("--no-takes", action="store_true", help="save only the trained words, not the recordings")
    parser.add_argument("--base", default="directional4w", help="the weights whose backbone is used (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail teach``: collect takes, train, report, save."""
    from voicetrail.teaching import word_sets
    from voicetrail.teaching.collecting.drafts import delete_draft, list_drafts, only_program

    name = word_sets.check_name(args.name)
    if args.personal and (args.word or args.add):
        raise UsageError("--personal adapts the shipped words; leave out --word and --add")
    if args.resume and (args.word or args.add or args.personal or args.examples is not None):
        raise UsageError(
            "--continue resumes with the words that were given before; leave out --word, --add, --examples and --personal"
        )
    if args.takes is not None and not 3 <= args.takes <= 30:
        raise UsageError("--takes must be between 3 and 30")
    with only_program(name):
        if not args.resume and any(draft.name == name and draft.takes for draft in list_drafts()):
            raise UsageError(
                f"there are takes of {name} that no set was made of yet: --continue goes on with them, and "
                f"`voicetrail words delete '{name}'` deletes them; or choose another name"
            )
        job = _Job(args, name)
        job.collect()
        examples = job.examples
        if not examples.words:
            raise UsageError("name the words with --word, for example --word links=left")
        _say_problems(examples, args.base)
        if _retune(args, name, examples) if job.personal else _teach(args, name, examples, job.meanings):
            delete_draft(name)
    return 0


class _Job:
    """The takes of one run of the command, saved as a draft from the first one on."""

    def __init__(self, args: argparse.Namespace, name: str) -> None:
        from voicetrail.teaching import making, word_sets
        from voicetrail.teaching.collecting.drafts import load_draft
        from voicetrail.teaching.examples import ExampleSet

        self._args, self._name = args, name
        self.examples, self.meanings, self.personal = ExampleSet(), dict[str, str](), bool(args.personal)
        self._count = args.takes or (PERSONAL_TAKES if args.personal else TAKES)
        self._resumed: list[str] = []
        if args.resume:
            draft, self.examples = load_draft(name)
            self.meanings, self.personal = dict(draft.meanings), draft.personal
            self._count = args.takes or draft.asked_for
            self._resumed = list(draft.words)
        elif args.add:
            self.examples = making.saved_examples(name)
            self.meanings = dict(word_sets.read_about(word_sets.set_folder(name)).meanings)

    def collect(self) -> None:
        """Collect takes from files and replays, and record the rest."""
        from voicetrail.teaching import making
        from voicetrail.teaching.collecting.drafts import list_drafts
        from voicetrail.teaching.examples import load_examples

        args = self._args
        if args.examples is not None:
            loaded = load_examples(args.examples)
            for word in loaded.words:
                for take in loaded.takes[word]:
                    self.examples.add(word, take)
            self.examples.room = loaded.room if len(loaded.room) else self.examples.room
        asked = making.words_of(args.base) if self.personal else self._resumed or _words(args.word, self.meanings)
        found = _from_files(args.files, self.examples) | _from_replays(args.replays, self.examples, asked)
        to_record = [word for word in asked if word not in found]
        if args.resume:
            to_record = [word for word in to_record if self.examples.counts().get(word, 0) < self._count]
        if not to_record:
            return
        try:
            self._record(to_record)
        except (VoicetrailError, KeyboardInterrupt):
            if saved := next((draft.takes for draft in list_drafts() if draft.name == self._name), 0):
                output.write_error(f"Saved takes: {saved}. To resume: voicetrail teach '{self._name}' --continue")
            raise

    def _record(self, words: list[str]) -> None:
        from voicetrail.sources import open_source
        from voicetrail.teaching.recorder import SOUND_LOST, TakeRecorder
        from voicetrail.teaching.takes import NO_TAKES

        with open_source(self._args.source, device=self._args.device, paced=True) as source:
            recorder = TakeRecorder(source)
            if not len(self.examples.room):
                output.write_error(f"Please be silent for {ROOM_S:.0f} seconds while the room is recorded.")
                self.examples.room = recorder.record_room(ROOM_S)
                if not len(self.examples.room) and recorder.problem:
                    raise AudioError(f"{recorder.problem}; `voicetrail doctor` checks the microphone")
            recorder.on_interrupt = lambda: output.write_error(f"  {SOUND_LOST}")
            for word in words:
                there = self.examples.counts().get(word, 0) if self._args.resume else 0
                left = self._count - there
                output.write_error(f"Say “{word}” {left} times, with a short pause after each.")
                number = there
                for take in _takes(recorder):
                    if not NO_TAKES & {*take.problems}:
                        number += 1
                        self.examples.add(word, take)
                        self._keep(words)
                    note = " ".join(problem.value for problem in take.problems) or "Good."
                    output.write_error(f"  {number} of {self._count}: {take.seconds:.2f} s, {take.level_db:.0f} dB. {note}")
                    if number >= self._count:
                        break

    def _keep(self, words: Iterable[str]) -> None:
        from voicetrail.teaching.collecting.drafts import Draft, save_draft

        every = tuple(dict.fromkeys((*self._resumed, *self.examples.words, *words)))
        meanings = {word: meaning for word, meaning in self.meanings.items() if word in every}
        save_draft(Draft(self._name, every, meanings, self._count, self.personal), self.examples)


def _teach(args: argparse.Namespace, name: str, examples: ExampleSet, meanings: dict[str, str]) -> bool:
    """Train a head and keep it; return whether it is kept."""
    from voicetrail.teaching import making

    used = {word: meaning for word, meaning in meanings.items() if word in examples.words}
    with progress_bar("training", patience_s=0.5) as report:
        taught = making.make_set(examples, used, base=args.base, progress=lambda progress: report(progress.part))
    path = making.keep_set(name, taught, None if args.no_takes else examples, base=args.base)
    _say_result(taught, name)
    output.write_line(str(path))
    return True


def _retune(args: argparse.Namespace, name: str, examples: ExampleSet) -> bool:
    """Retune the shipped words, and keep that where it is better; return whether it is."""
    from voicetrail.teaching import making

    with progress_bar("training", patience_s=0.5) as report:
        taught, check = making.make_personal(examples, base=args.base, progress=lambda progress: report(progress.part))
    output.write_error(check.sentence)
    if not check.better:
        output.write_error(f"That is no better than what ships, so {args.base} stays in use. More takes may help.")
        return False
    path = making.keep_set(name, taught, None if args.no_takes else examples, base=args.base, personal=True)
    output.write_error(f"Play with it: voicetrail play --words '{name}'")
    output.write_line(str(path))
    return True


def _words(given: list[str], meanings: dict[str, str]) -> list[str]:
    from voicetrail.teaching.examples import check_word
    from voicetrail.vocabulary import MEANINGS

    words = list[str]()
    for entry in given:
        word, _, meaning = entry.partition("=")
        word = check_word(word)
        if word.casefold() in (known.casefold() for known in words):
            raise UsageError(f"--word {printable(word)} is given twice; give each word once")
        words.append(word)
        if meaning:
            if meaning not in MEANINGS:
                raise UsageError(f"--word {printable(entry)}: the meaning must be one of {', '.join(MEANINGS)}, or left out")
            meanings[word] = meaning
        elif word in MEANINGS:
            meanings.setdefault(word, MEANINGS[word])
    return words


def _from_files(given: list[str], examples: ExampleSet) -> set[str]:
    """Add the takes in files; return their words."""
    from voicetrail.teaching.collecting.gathering import takes_of
    from voicetrail.teaching.examples import check_word

    found = set()
    for entry in given:
        word, separator, path = entry.partition("=")
        if not separator or not path:
            raise UsageError(f"--from {printable(entry)}: write WORD=PATH")
        word = check_word(word)
        with progress_bar(f"looking for takes of {printable(word)}", patience_s=0.5) as report:
            gathered = takes_of(expanded_path(path), progress=report)
        for take in gathered.takes:
            examples.add(word, take)
        left_out = f", {gathered.left_out} left out because they are empty or longer than a word" if gathered.left_out else ""
        output.write_error(f"{word}: {len(gathered.takes)} takes from {printable(path)}{left_out}")
        for reason in gathered.unreadable:
            output.write_error(f"voicetrail: skipped: {reason}")
        found.add(word)
    return found


def _from_replays(given: list[str], examples: ExampleSet, asked: list[str]) -> set[str]:
    """Add the takes in replays; return the words that were named."""
    from voicetrail.replay.file.reader import read
    from voicetrail.replay.library import find
    from voicetrail.teaching.collecting.gathering import takes_of_replay
    from voicetrail.teaching.examples import check_word

    found = set[str]()
    for entry in given:
        word, separator, path = entry.rpartition("=")
        with progress_bar("looking at the replay", patience_s=0.5) as report:
            gathered = takes_of_replay(read(find(path)), report)
        added = 0
        for one in gathered:
            label = check_word(word) if separator else one.label
            if separator or (one.kind == "marked" and label in asked):
                examples.add(label, one.take)
                added += 1
        if not added:
            what = (
                "was marked or undone"
                if separator
                else f"that was marked is one of the words {', '.join(asked) or '(none given)'}"
            )
            raise TeachingError(
                f"nothing in {printable(path)} {what}; while you play, mark a missed word with m and undo a wrong one with u"
            )
        output.write_error(f"{word or 'marked words'}: {added} takes from {printable(path)}")
        if separator:
            found.add(check_word(word))
    return found


def _takes(recorder: TakeRecorder) -> Iterator[Take]:
    while True:
        take = recorder.next_take(TAKE_TIMEOUT_S)
        if take is None:
            why = recorder.problem or (
                "the source has ended" if recorder.ended else f"no word was found for {TAKE_TIMEOUT_S:.0f} s"
            )
            raise AudioError(f"{why}; `voicetrail doctor` checks the microphone")
        yield take


def _say_problems(examples: ExampleSet, base: str) -> None:
    from voicetrail.teaching.collecting.likeness import shared

    shared(base).mark(examples)
    for word in examples.words:
        for number in range(len(examples.takes[word])):
            for problem in examples.problems(word, number):
                output.write_error(f"{word}, take {number + 1}: {problem.value}")


def _say_result(taught: Taught, name: str) -> None:
    held_out = taught.held_out
    output.write_error(
        f"Of the held-out takes, {held_out.accuracy:.0%} are right, and {held_out.heard(taught.threshold):.0%} reach the threshold of "
        f"{taught.threshold:.2f}. The threshold allows at most three false moves per hour of other people's speech "
        f"({taught.false_an_hour:.1f} are expected)."
    )
    table = held_out.confusion()
    width = max(len(word) for word in held_out.words)
    output.write_error("Words said (rows) and recognized (columns):")
    output.write_error(" " * width + " " + " ".join(f"{word:>{max(3, len(word))}}" for word in held_out.words))
    for row, word in zip(table, held_out.words, strict=True):
        cells = " ".join(f"{int(n):>{max(3, len(w))}}" for n, w in zip(row, held_out.words, strict=True))
        output.write_error(f"{word:<{width}} {cells}")
    for line in taught.advice:
        output.write_error(line)
    output.write_error(f"Play with it: voicetrail play --words '{name}'")
