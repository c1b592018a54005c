"""The recorded sound as a wav file."""

from __future__ import annotations

import wave
from typing import BinaryIO

from voicetrail.errors import ReplayError
from voicetrail.progress import Report
from voicetrail.replay.export import Options
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

_BLOCK = 65_536


def write_wav(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the sound beside the replay as 16-bit wav.

    Raises:
        ReplayError: there is none, or it is damaged.
        OSError: the file cannot be written.
    """
    import soundfile

    path = timeline.replay.sound
    if path is None:
        raise ReplayError(f"there is no sound beside {printable(timeline.replay.path.name)}; record with --record-audio")
    try:
        with (
            soundfile.SoundFile(path) as sound,
            # Not with soundfile: libsndfile writes through a callback, in which the error of a full disk is lost.
            wave.open(file, "wb") as out,
        ):
            out.setparams((sound.channels, 2, sound.samplerate, 0, "NONE", ""))
            for block in sound.blocks(_BLOCK, dtype="int16"):
                out.writeframes(block.astype("<i2").tobytes())
                progress(min(1.0, sound.tell() / max(1, sound.frames)))
    except RuntimeError as error:
        raise ReplayError(f"cannot read the sound {printable(path.name)}: {error}") from error
