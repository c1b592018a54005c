"""Find thresholds and gain for your voice, your microphone and your room, in under a minute.

Listens to the room first, then asks for each word three times. What it proposes you take or leave.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voicetrail import output
from voicetrail.calibration import CalibrationProposal, CalibrationRun, Plan, propose, speech_curves
from voicetrail.errors import AudioError, UsageError
from voicetrail.settings import Settings, load_settings
from voicetrail.settings.flags import add_setting_flags, setting_flags
from voicetrail.text import printable

NO_SOUND = 10.0
"""Seconds without sound after which it is given up."""
VERDICTS = {
    "heard": "heard",
    "nearly": "nearly: below its threshold",
    "another": "taken for another word",
    "quiet": "too quiet",
    "clipped": "too loud: the microphone clips",
    "not heard": "not heard",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail calibrate``."""
    parser.add_argument("--words", metavar="WORD,…", help="ask for these words only")
    parser.add_argument("--room", type=float, default=8.0, metavar="SECONDS", help="listen to the room for so long (3 to 60)")
    parser.add_argument("--slot", type=float, default=2.2, metavar="SECONDS", help="time for each word (1.5 to 10)")
    parser.add_argument("--yes", action="store_true", help="take what is proposed without asking")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line: room, say, answer, proposal")
    add_setting_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail calibrate``."""
    for name, low, high in (("room", 3.0, 60.0), ("slot", 1.5, 10.0)):
        if not low <= getattr(args, name) <= high:
            raise UsageError(f"--{name} cannot be {getattr(args, name):g}: it takes {low:g} to {high:g} seconds")
    settings = load_settings(setting_flags(args), args.profile)
    for notice in settings.notices:
        output.note(notice)
    teller = _JsonTeller() if args.json else _TextTeller()
    proposal = _calibrate(settings, args, teller)
    teller.proposal(proposal)
    if proposal.changes and (args.yes or _wants(args)):
        settings.set_all(proposal.settings)
        teller.taken(settings)
    return 0


def _calibrate(settings: Settings, args: argparse.Namespace, teller: _Teller) -> CalibrationProposal:
    from voicetrail.audio.gain import make_gain
    from voicetrail.listening import Listener
    from voicetrail.sources import open_source
    from voicetrail.spotting.detector import Detector
    from voicetrail.spotting.recognizer import load_recognizer

    # A device remembered from another day is waited for; one that was named for this run has to be there.
    patient = settings.origin("device") not in ("flag", "environment")
    source = open_source(settings.values.source, device=settings.values.input_device, patient=patient)
    try:
        recognizer = load_recognizer(settings.values.recognizer)
        detector = settings.detector_settings(recognizer.detector)
        plan = Plan.for_words(_words(args.words, recognizer.labels, recognizer.meanings), room=args.room, slot=args.slot)
        session = CalibrationRun(recognizer.labels, plan, detector)
        listener = Listener(source, recognizer, Detector(recognizer.labels, detector), gain=make_gain(settings.values.gain))
    except BaseException:
        source.close()
        raise
    teller.begins(source.name, session)
    late: threading.Timer | None = _later(listener.stop)
    told = 0
    for event in listener.events():
        session.feed(event)
        if session.broken:
            listener.stop()
            raise AudioError(f"calibration cannot go on: {session.broken}")
        if session.lost and late is None:
            teller.waits(session.lost)
            late = _later(listener.stop)
        elif late is not None and not session.lost and session.elapsed > 0:
            late.cancel()
            late = None
        number = len(session.prompts) + 1 if session.done else session.stage.number
        if number != told and (session.done or session.stage.kind == "word"):
            if told:
                teller.answered(session, told)
            if number <= len(session.prompts):
                teller.ask(session, number)
            told = number
        teller.tick(session)
        if session.done:
            listener.stop()
    if late is not None:
        late.cancel()
    if session.stage.kind != "done":
        raise AudioError(f"no sound comes from {printable(source.name)}: try `voicetrail devices`, or name one with --device")
    if told == len(session.prompts):
        teller.answered(session, told)
    gain = settings.values.gain
    assert isinstance(gain, float | str)
    return propose(session, recognizer.detector, gain, speech_curves(recognizer.about))


def _later(stop: Callable[[], None]) -> threading.Timer:
    """Stop after a while, if no sound has come by then."""
    timer = threading.Timer(NO_SOUND, stop)
    timer.daemon = True
    timer.start()
    return timer


def _words(given: str | None, labels: Sequence[str], meanings: Mapping[str, str]) -> tuple[str, ...]:
    """The words to ask for: those given, or those that do something in the game, or all.

    Raises:
        UsageError: one is not in the vocabulary.
    """
    from voicetrail.vocabulary import is_word, words_that_move

    known = [label for label in labels if is_word(label)]
    if given is None:
        return words_that_move(labels, meanings)
    words = tuple(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))
    for word in words:
        if word not in known:
            raise UsageError(f"{printable(word, 40)!r} is no word of these weights; they have {', '.join(known)}")
    if not words:
        raise UsageError(f"--words needs at least one of {', '.join(known)}")
    return words


def _wants(args: argparse.Namespace) -> bool:
    """Ask the player; without a terminal to ask at, nothing is changed."""
    if args.json or not sys.stdin.isatty() or not sys.stdout.isatty():
        return False
    try:
        return input("Take it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


class _Teller:
    """Says what is going on."""

    def line(self, text: str) -> None:
        """Print a line at once."""
        output.write_line(text, flush=True)

    def begins(self, source: str, session: CalibrationRun) -> None:
        """The room comes first."""

    def tick(self, session: CalibrationRun) -> None:
        """A hop has passed."""

    def waits(self, why: str) -> None:
        """No sound comes at the moment."""

    def ask(self, session: CalibrationRun, number: int) -> None:
        """Ask for a word, by its number from 1."""

    def answered(self, session: CalibrationRun, number: int) -> None:
        """Tell what became of a word."""

    def proposal(self, proposal: CalibrationProposal) -> None:
        """Show what is proposed."""

    def taken(self, settings: Settings) -> None:
        """The proposal holds."""


class _TextTeller(_Teller):
    """For a person: a line a word, and on a terminal a count-down."""

    def begins(self, source: str, session: CalibrationRun) -> None:
        self.line(f"Listening to {printable(source)}; it takes {session.plan.total:.0f} seconds.")
        self.line(f"First the room: please be quiet for {session.plan.room:.0f} seconds.")

    def waits(self, why: str) -> None:
        self.line(f"! {printable(why)}")

    def ask(self, session: CalibrationRun, number: int) -> None:
        end = "" if sys.stdout.isatty() else "\n"
        word = session.prompts[number - 1].upper()
        output.write_line(f"{number:2}/{len(session.prompts)}  say  {word:<8}", end=end, flush=True)

    def answered(self, session: CalibrationRun, number: int) -> None:
        answer = session.answers[number - 1]
        lead = "" if sys.stdout.isatty() else f"{number:2}/{len(session.prompts)}  "
        self.line(f"{lead}score {answer.peak:.2f}, {answer.level_db:.0f} dB: {VERDICTS[session.verdict(number)]}")

    def proposal(self, proposal: CalibrationProposal) -> None:
        self.line(f"\nroom {proposal.room_db:.0f} dB, voice {proposal.speech_db:.0f} dB")
        for warning in proposal.warnings:
            self.line(f"! {warning}")
        for each in proposal.words:
            change = f"{each.now:.2f} → {each.proposed:.2f}" if each.proposed != each.now else f"{each.now:.2f} stays"
            self.line(f"{each.word:<8} {change:<12}  {each.reason}")
        gain = proposal.gain
        shown = f"{gain.now} → {gain.proposed}" if gain.proposed != gain.now else f"{gain.now} stays"
        self.line(f"{'gain':<8} {shown:<12}  {gain.reason}")
        if not proposal.changes:
            self.line("Nothing needs to change.")
        elif not sys.stdout.isatty():
            self.line("`voicetrail calibrate --yes` takes what is proposed.")

    def taken(self, settings: Settings) -> None:
        self.line(f"Taken, and kept in {printable(settings.places.state, 500)}.")


class _JsonTeller(_Teller):
    """For a program: an object a line."""

    def tell(self, kind: str, **values: Any) -> None:
        """Print an object."""
        output.write_json({"type": kind, **values}, flush=True)

    def begins(self, source: str, session: CalibrationRun) -> None:
        self.tell("room", source=source, seconds=session.plan.room, total=session.plan.total)

    def waits(self, why: str) -> None:
        self.tell("waits", message=printable(why))

    def ask(self, session: CalibrationRun, number: int) -> None:
        self.tell("say", word=session.prompts[number - 1], number=number, of=len(session.prompts))

    def answered(self, session: CalibrationRun, number: int) -> None:
        answer = session.answers[number - 1]
        verdict = session.verdict(number)
        self.tell(
            "answer", word=answer.word, number=number, score=answer.peak, level=round(answer.level_db, 1), verdict=verdict
        )

    def proposal(self, proposal: CalibrationProposal) -> None:
        words = {each.word: {"now": each.now, "proposed": each.proposed, "reason": each.reason} for each in proposal.words}
        gain = {"now": proposal.gain.now, "proposed": proposal.gain.proposed, "reason": proposal.gain.reason}
        self.tell(
            "proposal",
            words=words,
            gain=gain,
            warnings=proposal.warnings,
            room_db=round(proposal.room_db, 1),
            voice_db=round(proposal.speech_db, 1),
            false_moves_an_hour={"room": round(proposal.room_moves, 3), "speech": round(proposal.speech_moves, 3)},
        )

    def taken(self, settings: Settings) -> None:
        self.tell("taken", file=str(settings.places.state))
