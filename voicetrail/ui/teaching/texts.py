"""What the teaching screen says: which keys there are in each stage, and its help."""

from __future__ import annotations

KEYS = {
    "form": "enter, up, down: next field   tab: the meaning, left and right change it   enter on an empty word: begin   "
    "f1: help   esc: close",
    "broken": "esc: close",
    "room": "?: help   esc: close",
    "words": "up down: select a take   p: play it   x: delete it   r: restart the word   c: enough takes   f: from files   "
    "v: from replays   ?: help   esc: close",
    "ready": "arrow keys: select a take   p: play it   x: delete it   o: record it again   a: more takes   f: from files   "
    "v: from replays   enter: train   ?: help   esc: close",
    "training": "?: help   esc: close",
    "done": "enter: play   b: back to the takes   ?: help   esc: close",
    "not kept": "enter: close   b: back to the takes   ?: help   esc: close",
    "failed": "enter: try again   b: back to the takes   ?: help   esc: close",
}
"""The keys of each stage."""
HEAD = "Write a name, then each word and what it does."
SPOKEN = "By voice: right proposes four words of your own for the four directions; left goes back."
PROPOSED = "By voice: right begins, and you may say what you like for each; left goes back."
NO_SOUND = "there is no microphone to record from; start the game with one, or press f to load takes from files"
OFFER = "Nothing was said for a while. Right plays with it, left goes back to the takes; up or down goes on trying."
LEAVE_FORM = "What you wrote is lost if you leave: esc again leaves, enter goes on."
LEAVE_TAKES = "esc again leaves, and loses the takes that cannot be kept."
HELP = """Words that are easy to recognize have two syllables or more, and do not sound alike.

First be silent: the sound of your room is recorded, so that it is not taken for a word. Then say each word when it is asked for, \
once, in your own time. A take is found and cut by itself. You see its length, its level and its spectrogram, and what is wrong with \
it. Any take of any word can be heard, thrown away and done over.

Training takes some seconds. A part of your takes is held out in turn, and the network is tried on takes that it did not learn from: \
that is the share that is right. The threshold is chosen so that other people's talk moves you falsely at most three times an hour.

Takes are kept from the moment they are found. If you leave in the middle, the list of words has them as not finished.
"""
