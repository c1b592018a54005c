"""The help texts of the screens. The help of a round begins with the text of its mode in ``game.mode_list``."""

from __future__ import annotations

HOW_WORDS_ARE_TAKEN = (
    "Say one word, then pause for a moment. The arrow keys do the same. The round pauses when nothing is said for a while.\n"
    "A bar shows the current score of each word, and the tick on it is the threshold that the score has to reach. "
    "If a word is not detected, the list of words shows the reason. Lower the threshold of the word, or calibrate."
)
HOW_TO_CHOOSE = (
    "Say up or down, or press the arrow keys, to move the selection. Right opens the selected row, left goes back.\n"
    "The last line of every screen shows what each word does there. Words said before a screen opened are ignored.\n"
    "In a round the words are moves. The round pauses when nothing is said for a while."
)
HOW_TO_REPLAY = (
    "This plays a recorded round: the drawing, the scores, the detected words, and the near misses with their reasons.\n"
    "Click on the bar to jump to that time. Nothing that you do here changes the recording."
)
