"""What the help says of each kind of screen; that of a round begins with what ``game.mode_list`` says of its mode."""

from __future__ import annotations

HOW_WORDS_ARE_TAKEN = (
    "Say one word, then be quiet for a moment. The arrow keys do the same. When nothing is said for a while the round pauses.\n"
    "A bar shows the score of each word; the mark on it is the threshold that the word has to pass. "
    "If a word is not taken, the list of words says what was lacking: lower its threshold, or calibrate."
)
HOW_TO_CHOOSE = (
    "Say up or down, or press the arrows, to move the mark; right takes what it stands at, left goes back.\n"
    "The last line of every screen says what the words do there. A word that was said before a screen opened is not taken.\n"
    "In a round the words are moves; when nothing is said for a while the round pauses by itself."
)
HOW_TO_REPLAY = (
    "A recorded round is played as it was: the drawing, the scores, and the words with their reasons.\n"
    "A click on the bar goes to that place. Nothing that you do here changes the recording."
)
