"""Filters the terminal's input: keyboard and mouse pass, everything else is dropped.

A terminal may answer queries of other programs late. Read as keys, such an answer would open screens and change settings. So
sequences other than keys, mouse events and focus reports are removed completely: control sequences (CSI), and strings (OSC, DCS,
APC, PM, SOS) up to their terminator (ECMA-48, sections 5.4 and 5.6).
"""

from __future__ import annotations

import re

ESC = "\x1b"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
UNFINISHED_S = 0.5
"""A sequence or paste is dropped if it does not continue within this time, in s."""
LONGEST_PASTE = 10_000
LONGEST_SEQUENCE = 4096

_CSI = re.compile(r"\x1b\[([0-?]*)([ -/]*)([@-~])")
_CSI_BEGINS = re.compile(r"\x1b\[[0-?]*[ -/]*\Z")
_STRING = re.compile(r"\x1b[\]PX^_](?:[^\x1b\x07]|\x1b(?!\\))*?(?:\x07|\x1b\\)", re.DOTALL)
_STRING_BEGINS = re.compile(r"\x1b[\]PX^_]")
_MOUSE = re.compile(r"<\d+;-?\d+;-?\d+\Z")
_KEY_FINALS = frozenset("ABCDEFHPQSZ")
_EVENT_TYPE = re.compile(r"(?P<modifiers>\d*):(?P<event>\d+)\Z")
RELEASED = "3"
"""The event type of a released key in the kitty keyboard protocol; a press is 1, a repeat is 2."""


class TerminalInput:
    """Filters text from the terminal; ``now`` is the time of a monotonic clock, in s."""

    def __init__(self) -> None:
        self._pending = ""
        """The start of an unfinished sequence or paste."""
        self._since = 0.0
        self._pasting = False

    def feed(self, text: str, now: float) -> str:
        """Filter text that was read; return the text for Textual."""
        text, self._pending = self._pending + text, ""
        self._since = now
        out: list[str] = []
        while text:
            if self._pasting:
                text = self._paste(text, out)
                continue
            start = text.find(ESC)
            if start < 0:
                out.append(text)
                break
            out.append(text[:start])
            text = self._sequence(text[start:], out)
        return "".join(out)

    def tick(self, now: float) -> str:
        """Handle a moment without input: an unfinished sequence is the escape key, or it is dropped."""
        if not self._pending and not self._pasting:
            return ""
        if self._pending in (ESC, "\x1b[", "\x1bO"):
            # The escape key, or alt with a bracket or an O.
            pending, self._pending = self._pending, ""
            return pending
        if now - self._since >= UNFINISHED_S:
            self._pending, self._pasting = "", False
        return ""

    def _paste(self, text: str, out: list[str]) -> str:
        end = text.find(PASTE_ENDS)
        if end >= 0:
            self._pasting = False
            out.append(PASTE_BEGINS + text[: min(end, LONGEST_PASTE)].replace(ESC, "") + PASTE_ENDS)
            return text[end + len(PASTE_ENDS) :]
        # A paste that is too long is cut, but its end marker is still awaited.
        self._pending = text[:LONGEST_PASTE] + text[max(LONGEST_PASTE, len(text) - len(PASTE_ENDS)) :]
        return ""

    def _sequence(self, text: str, out: list[str]) -> str:
        """Process the sequence at the start of a text; return the rest."""
        if text == ESC or (len(text) == 2 and text[1] in "[O"):
            self._pending = text
            return ""
        if text.startswith(PASTE_BEGINS):
            self._pasting = True
            return text[len(PASTE_BEGINS) :]
        if (string := _STRING.match(text)) is not None:
            return text[string.end() :]
        if _STRING_BEGINS.match(text):
            self._pending = text[-LONGEST_SEQUENCE:] if len(text) < LONGEST_SEQUENCE else text[:2] + text[-2:]
            return ""
        if (sequence := _CSI.match(text)) is not None:
            out.append(_reduced(*sequence.groups()))
            return text[sequence.end() :]
        if _CSI_BEGINS.match(text) and len(text) < LONGEST_SEQUENCE:
            self._pending = text
            return ""
        # Alt with a key, a function key of the application mode, or an escape key followed by something else.
        length = 3 if text[1] == "O" else 1 if text[1] == ESC else 2
        out.append(text[:length])
        return text[length:]


def _reduced(parameters: str, between: str, final: str) -> str:
    """Return the control sequence for Textual; empty if it is not a key, mouse event or focus report."""
    sequence = f"{ESC}[{parameters}{between}{final}"
    if parameters.startswith("?"):
        return sequence if between == "$" and final == "y" else ""
    if parameters.startswith("<"):
        return sequence if final in "mM" and not between and _MOUSE.match(parameters) else ""
    if between or any(sign in parameters for sign in "<=>?"):
        return ""
    if final in "IO" and not parameters:
        return sequence
    if final == "t":
        return sequence if re.fullmatch(r"48;\d+;\d+;\d+;\d+", parameters) else ""
    if final in _KEY_FINALS or final in "u~":
        return _pressed(parameters, final)
    return ""


def _pressed(parameters: str, final: str) -> str:
    """Return a key's sequence without its event type; empty for a released key."""
    fields = parameters.split(";")
    if len(parameters) > 40 or not re.fullmatch(r"[\d:;]*", parameters):
        return ""
    if len(fields) > 1 and (typed := _EVENT_TYPE.match(fields[1])) is not None:
        if typed["event"] == RELEASED:
            return ""
        fields[1] = typed["modifiers"] or "1"
    # A key may have its codes on other layouts too (``97:65:97``), which Textual does not parse; the first one is the key.
    fields[:2] = [field.partition(":")[0] for field in fields[:2]]
    if not fields[0] and ":" in parameters:
        return ""
    if any(int(number) > 0x10FFFF for number in re.findall(r"\d+", parameters)):
        return ""
    return f"{ESC}[{';'.join(fields)}{final}"
