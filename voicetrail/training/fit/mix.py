"""The proportions of the kinds of training windows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mix:
    """The proportions of the kinds of windows. Shares are weights that need not sum to one; probabilities are between 0 and 1."""

    direction: float = 9.0
    """Share of each direction."""
    word: float = 2.2
    """Share of each other word of the larger vocabulary."""
    near_word: float = 2.6
    """Share of ``on`` and ``off`` each. *off* is the nearest neighbor of *up* (9 of 56 clips were mistaken for it), and both are
    common commands (for lights, radios), so they have a larger share than other words outside of the vocabularies."""
    other_word: float = 0.9
    """Share of each word outside of the vocabularies."""
    neighbor: float = 6.0
    part: float = 7.0
    """Share of the first half of a word, or a word that leaves the window."""
    pieces: float = 3.0
    """Share of speech joined from pieces of words."""
    talk: float = 18.0
    hard: float = 0.4
    """Part of the talk windows that are drawn around places mistaken for a word (``training.fit.mine``), if such are known."""
    noise: float = 18.0
    hard_noise: float = 0.5
    """The same for noise."""
    synthetic: float = 0.12
    """Part of a word's windows that are synthetic, if the word has many recordings."""
    synthetic_scarce: float = 0.5
    """The same for a word with fewer than 200 recordings."""
    plain: float = 0.35
    """Part of a word's windows that are the clip as recorded, with a shift. In some clips, the recording starts or ends inside
    the word; the word counts nevertheless."""
    cut: float = 0.45
    """Part of a word's other windows in which the recording is cut close to the word, as by a noise gate: the gaps between words
    are then quieter than the noise behind them."""
    before: float = 0.45
    """Probability of speech before the word."""
    again: float = 0.25
    """Part of these in which that is the same word (``SAME_WORD_S`` from start to start)."""
    breath: tuple[float, float] = (0.2, 0.6)
    """Range of the gap between talk and a word of the game, in s; without a gap, the word is usually part of the talk."""
    after: float = 0.2
    blanked: float = 0.15
    """Part of the windows with words that are blanked up to shortly before the word, as after a detection."""
    blanked_other: float = 0.1
    """Part of the windows without words that are blanked up to a random time."""
    room: float = 0.4
    noisy: float = 0.75
    two_noises: float = 0.3
    talk_behind: float = 0.2
    """Part of the noisy windows in which the noise is people talking."""
    quietest_db: float = -52.0
    """Lowest peak of a window, in dB (0 dB is full scale); the peak is drawn between this and 0."""
    snr_db: tuple[float, float] = (-2.0, 26.0)
    talk_snr_db: tuple[float, float] = (3.0, 22.0)
    hum: float = 0.05
    hum_snr_db: tuple[float, float] = (-6.0, 25.0)
    clipped: float = 0.08
    companded: float = 0.06
    gsm: float = 0.02
    opus: float = 0.005
    """Small, because encoding takes ten times as long as the rest of a window."""
