"""Calibration: determines thresholds and gain for a voice, a microphone and a room.

The package is pure: it turns the listener's events into a proposal with reasons.
"""

from voicetrail.calibration.proposal import CalibrationProposal, GainProposal, WordProposal, propose
from voicetrail.calibration.run import VERDICT_TEXT, Answer, CalibrationRun, CalibrationStage, Plan, Verdict
from voicetrail.calibration.tail import RoomTail, SpeechCurve, speech_curves

__all__ = [
    "VERDICT_TEXT",
    "Answer",
    "CalibrationProposal",
    "CalibrationRun",
    "CalibrationStage",
    "GainProposal",
    "Plan",
    "RoomTail",
    "SpeechCurve",
    "Verdict",
    "WordProposal",
    "propose",
    "speech_curves",
]
