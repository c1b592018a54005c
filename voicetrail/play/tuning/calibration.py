"""A calibration without a screen, from the first hop to the proposal, for the command and the game's screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.calibration import (
    Answer,
    CalibrationProposal,
    CalibrationRun,
    CalibrationStage,
    Plan,
    Verdict,
    propose,
    speech_curves,
)
from voicetrail.events import Event, Level, Scores, SourceEnded, SourceLost
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import words_that_move

NO_ANSWER = "the bundled voice (demo) does not say the requested words; use a microphone to calibrate"


@dataclass(frozen=True, slots=True)
class Asked:
    """A word is requested."""

    number: int
    """From 1."""
    word: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The slot of a word is over."""

    number: int
    answer: Answer
    verdict: Verdict


CalibrationStep = Asked | Answered | CalibrationProposal


class Calibration:
    """Processes the listener's events, and returns the steps to show.

    Args:
        labels: the recognizer's labels.
        meanings: meanings of the words in the game.
        about: metadata of the weights; may contain measured rates of false moves.
        shipped: the detector settings of the weights.
        detector: the current detector settings.
        gain: the current gain setting.
        plan: the prompts and durations; ``None`` makes the plan from the words that move the pen.
    """

    def __init__(
        self,
        labels: Sequence[str],
        meanings: Mapping[str, str],
        about: Mapping[str, object],
        shipped: DetectorSettings,
        detector: DetectorSettings,
        gain: float | str,
        plan: Plan | None = None,
    ) -> None:
        self.run = CalibrationRun(labels, plan or Plan.for_words(words_that_move(labels, meanings)), detector)
        self.proposal: CalibrationProposal | None = None
        """The proposal, once every word was said."""
        self._about, self._shipped, self._gain = about, shipped, gain
        self._asked = 0

    @property
    def plan(self) -> Plan:
        """The prompts and durations."""
        return self.run.plan

    @property
    def stage(self) -> CalibrationStage:
        """The current stage."""
        return self.run.stage

    @property
    def waiting(self) -> str:
        """Why there is no sound at the moment; empty if there is."""
        return self.run.lost

    @property
    def problem(self) -> str:
        """Why the calibration cannot continue; empty if it can."""
        return self.run.broken

    @property
    def ended(self) -> bool:
        """Whether there is a proposal or a problem."""
        return self.proposal is not None or bool(self.problem)

    @property
    def answered(self) -> Sequence[Answered]:
        """The finished words so far."""
        stage, prompts = self.stage, len(self.run.prompts)
        over = stage.number - 1 if stage.kind == "word" else prompts if stage.kind == "done" else 0
        return [self._answered(number) for number in range(1, over + 1)]

    def feed(self, event: Event) -> list[CalibrationStep]:
        """Process an event of the listener; return the steps that it completed."""
        if self.ended or not isinstance(event, Level | Scores | SourceLost | SourceEnded):
            return []
        self.run.feed(event)
        if self.problem:
            return []
        steps: list[CalibrationStep] = []
        # The scores of the last word may arrive after its slot, so only `done` ends it.
        done = self.run.done
        number = len(self.run.prompts) + 1 if done else self.stage.number
        if number != self._asked and (done or self.stage.kind == "word"):
            if self._asked:
                steps.append(self._answered(self._asked))
            if number <= len(self.run.prompts):
                steps.append(Asked(number, self.run.prompts[number - 1]))
            self._asked = number
        if done:
            self.proposal = propose(self.run, self._shipped, self._gain, speech_curves(self._about))
            steps.append(self.proposal)
        return steps

    def _answered(self, number: int) -> Answered:
        return Answered(number, self.run.answers[number - 1], self.run.verdict(number))
