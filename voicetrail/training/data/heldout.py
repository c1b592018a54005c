"""What training never hears, and which half of the evaluation hears it: kinds of sound, speakers and rooms, as data.

Thresholds, temperature and epochs are chosen on one half (``choosing``); what is reported is measured on the other
(``judging``). A kind of noise, a reader and a room belong to one half alone, so that no figure was chosen on what it judges.
"""

from __future__ import annotations

import zlib
from types import MappingProxyType
from typing import Literal

Half = Literal["choosing", "judging"]

FOLD = "_5-"
"""In the name of an ESC-10 recording of its fifth fold: held out, either half by a hash of the recording's name."""

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
"""How ``folder/name`` of a held-out noise begins: whole kinds (of the kitchen sounds seven), not some recordings of all."""

KITCHEN = ("kitchen20/",)
MUSIC = ("librosa_music/", "music_digabi/")
"""Folders of noise that an evaluation names; all other held-out noise is ``noise``."""

READERS: MappingProxyType[str, Half] = MappingProxyType(
    {"121": "choosing", "1221": "choosing", "2300": "choosing", "1188": "judging", "4992": "judging", "6930": "judging"}
)
"""Speakers of LibriSpeech's test-clean (three women, three men)."""

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
"""How the name of a held-out room response begins."""

PHRASES = frozenset({"view_glass", "jarvis", "it_IT_m_Carlo"})
"""Wake phrases, and a voice of the telephone prompts."""
DIALOGUE = frozenset({"drascula"})
"""English dialogue, by actors that training never hears."""


def half_of_noise(name: str) -> Half | None:
    """Which half hears the noise ``folder/name``; ``None``: training does."""
    if FOLD in name:
        return "choosing" if zlib.crc32(name.encode()) % 2 else "judging"
    return next((half for begin, half in NOISE.items() if name.startswith(begin)), None)


def half_of_room(name: str) -> Half | None:
    """Which half hears a room; ``None``: training does."""
    return next((half for begin, half in ROOMS.items() if name.startswith(begin)), None)
