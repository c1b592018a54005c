"""In which shares training windows are made up: one record of numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mix:
    """How windows are made up. Shares are weights and need not sum to one; chances lie between 0 and 1."""

    direction: float = 9.0
    """Of each direction."""
    word: float = 2.2
    """Of each other word of the larger vocabulary."""
    near_word: float = 2.6
    """Of ``on`` and ``off``: *off* is the nearest neighbor of *up* (9 of 56 clips of it were called *up*), and both are said in
    every household (lights, radios), so they weigh more than other words of no vocabulary."""
    other_word: float = 0.9
    """Of each word of no vocabulary."""
    neighbor: float = 6.0
    part: float = 7.0
    """The first half of a word, or a word that leaves the window."""
    pieces: float = 3.0
    """Speech joined from pieces of words."""
    talk: float = 18.0
    hard: float = 0.4
    """Of the talk, the part drawn around places that were taken for a word (``training.fit.mine``), where such are known."""
    noise: float = 18.0
    hard_noise: float = 0.5
    """The same of the noise."""
    synthetic: float = 0.12
    """Of a word's windows, the part spoken by a synthesizer where the word has plenty of recordings."""
    synthetic_scarce: float = 0.5
    """The same for a word with fewer than 200 recordings."""
    plain: float = 0.35
    """Of a word's windows, the part that are the clip as it was recorded, but for a shift. In some the recording begins or ends
    within the word, and the word counts all the same."""
    cut: float = 0.45
    """Of a word's other windows, the part in which the recording is cut close to the word: there what is between words is quieter
    than what is behind them, as a gate or a player's editor leaves it."""
    before: float = 0.45
    """Chance that something was said before the word."""
    again: float = 0.25
    """Of these, the part in which it was the same word (``SAME_WORD_S`` from start to start)."""
    breath: tuple[float, float] = (0.2, 0.6)
    """Time in s between talk and a word of the game: a word that talk runs into is most often part of the talk."""
    after: float = 0.2
    blanked: float = 0.15
    """Of the windows with words, the part whose past is blanked up to shortly before the word, as the detector blanks what lies before
    a word that it has given out."""
    blanked_other: float = 0.1
    """Of the windows without, the part whose past is blanked up to anywhere."""
    room: float = 0.4
    noisy: float = 0.75
    two_noises: float = 0.3
    talk_behind: float = 0.2
    """Of the noisy windows, the part in which the noise is people talking."""
    quietest_db: float = -52.0
    """Loudness of the window's peak in dB below full scale, drawn between this and 0."""
    snr_db: tuple[float, float] = (-2.0, 26.0)
    talk_snr_db: tuple[float, float] = (3.0, 22.0)
    hum: float = 0.05
    hum_snr_db: tuple[float, float] = (-6.0, 25.0)
    clipped: float = 0.08
    companded: float = 0.06
    gsm: float = 0.02
    opus: float = 0.005
    """It takes ten times as long to encode as all the rest of a window."""
