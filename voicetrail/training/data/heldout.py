"""Lists of the recordings that are held out of training, and of the half of the evaluation that uses each.

Thresholds, temperature and epochs are chosen on one half (``choosing``); the reported figures are measured on the other (``judging``).
Each kind of noise, reader and room belongs to only one half, so that no setting is chosen on the data that judge it.
"""

from __future__ import annotations

import zlib
from types import MappingProxyType
from typing import Literal

Half = Literal["choosing", "judging"]

FOLD = "_5-"
"""Part of the names of ESC-10's fifth fold, which is held out; a hash of the name decides which half uses a recording."""

NOISE: MappingProxyType[str, Half] = MappingProxyType(
    {
        "background/running_tap": "judging",
        "_background_noise_/running_tap": "judging",
        "kitchen20/cutlery": "choosing",
        "kitchen20/juicer": "choosing",
        "kitchen20/peel": "choosing",
        "kitchen20/chopping": "judging",
        "kitchen20/drawer": "judging",
        "kitchen20/eat": "judging",
        "kitchen20/microwave": "judging",
        "noisekun/playground": "choosing",
        "blanket/train": "choosing",
        "blanket/coffee-shop": "judging",
        "blanket/city": "judging",
        "mechvibes_keyboards/cherrymx-blue-abs": "choosing",
        "mechvibes_keyboards/eg-oreo": "judging",
        "mechvibes_keyboards/topre-purple-hybrid-pbt": "judging",
        "librosa_music/Kevin_MacLeod_-_Vibe_Ace": "choosing",
        "music_digabi/chopin_eliogu": "choosing",
        "music_digabi/whitenoiseaudio_bleepy103": "choosing",
        "librosa_music/Hungarian_Dance": "judging",
        "music_digabi/hyde_acoustically": "judging",
        "music_digabi/maddirtmonkey": "judging",
    }
)
"""Prefixes of ``folder/name`` of held-out noise: whole kinds (seven of the kitchen sounds), not some recordings of every kind."""

KITCHEN = ("kitchen20/",)
MUSIC = ("librosa_music/", "music_digabi/")
"""Folders of noise that the evaluation reports separately; all other held-out noise is ``noise``."""

READERS: MappingProxyType[str, Half] = MappingProxyType(
    {"121": "choosing", "1221": "choosing", "2300": "choosing", "1188": "judging", "4992": "judging", "6930": "judging"}
)
"""Held-out speakers of LibriSpeech's test-clean (three women, three men)."""

ROOMS: MappingProxyType[str, Half] = MappingProxyType(
    {
        "Surrey_A_az30_": "choosing",
        "Surrey_A_az330_": "choosing",
        "quantumVerb__medium_chamber": "choosing",
        "ToobAmp__Arthur_Sykes_Rymer_Auditorium": "judging",
        "ToobAmp__St._Margaret_s_Church": "judging",
        "Surrey_A_az60_": "judging",
        "Surrey_A_az300_": "judging",
    }
)
"""Prefixes of the names of held-out room responses."""

PHRASES = frozenset({"view_glass", "jarvis", "it_IT_m_Carlo"})
"""Held-out wake phrases, and a held-out voice of the telephone prompts."""
DIALOGUE = frozenset({"drascula"})
"""Held-out English dialogue."""


def half_of_noise(name: str) -> Half | None:
    """The half that uses the noise ``folder/name``; ``None`` for training."""
    if FOLD in name:
        return "choosing" if zlib.crc32(name.encode()) % 2 else "judging"
    return next((half for begin, half in NOISE.items() if name.startswith(begin)), None)


def half_of_room(name: str) -> Half | None:
    """The half that uses a room; ``None`` for training."""
    return next((half for begin, half in ROOMS.items() if name.startswith(begin)), None)
