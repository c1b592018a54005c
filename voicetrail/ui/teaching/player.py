"""Plays takes, one at a time, while the session does not listen."""

from __future__ import annotations

from voicetrail.audio.playback import Playback, playback_problem
from voicetrail.errors import AudioError
from voicetrail.teaching.takes import Take


class TakePlayer:
    """What is heard of takes; ``poll`` is called several times a second."""

    def __init__(self) -> None:
        self._playback: Playback | None = None

    @property
    def playing(self) -> bool:
        """Whether a take is being played."""
        return self._playback is not None and self._playback.running()

    def play(self, take: Take) -> str:
        """Play a take in the place of the one before; return why it cannot be heard, empty where it can."""
        self.stop()
        if (problem := playback_problem()) is not None:
            return problem
        try:
            self._playback = Playback(take.sound)
        except AudioError as error:
            return str(error)
        return ""

    def poll(self) -> bool:
        """Let go of the output once a take has ended; return whether one ended just now."""
        if self._playback is None or self._playback.running():
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """Play no more."""
        playback, self._playback = self._playback, None
        if playback is not None:
            playback.close()
