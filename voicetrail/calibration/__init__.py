"""Finds thresholds and gain for a voice, a microphone and a room: pure, from the listener's events to a proposal with
reasons.
"""

from voicetrail.calibration.proposal import GainProposal, Proposal, WordProposal, propose
from voicetrail.calibration.session import Answer, Plan, Session, Stage, Verdict
from voicetrail.calibration.tail import RoomTail, SpeechCurve, speech_curves

__all__ = [
    "Answer",
    "GainProposal",
    "Plan",
    "Proposal",
    "RoomTail",
    "Session",
    "SpeechCurve",
    "Stage",
    "Verdict",
    "WordProposal",
    "propose",
    "speech_curves",
]
