"""What the help says of each kind of screen."""

from __future__ import annotations

from voicetrail.game import ModeName

WHAT_TO_DO: dict[ModeName, str] = {
    "sketch": "Say up, down, left or right: the pen draws a step. At the edge of the canvas it stops.",
    "trace": "Follow the gray line with up, down, left and right. What is on the line turns bright, what is beside it turns red. "
    "Few words and little time make the score.",
    "maze": "Find the way out, at the bottom right. A word runs along the corridor to the next junction, corner or gem. "
    "Few words make the score, and a gem is worth a detour.",
    "snake": "The first word starts the snake, and it goes on by itself. Turn it to the food. "
    "The round ends when it runs into the wall or bites itself.",
    "echo": "A row of words is shown. Say it back when it is your turn; each round it is one word longer.",
}
"""What a round of each mode is about."""
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
