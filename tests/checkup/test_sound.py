from __future__ import annotations

from voicetrail.audio.level import FLOOR_DB, Loudness
from voicetrail.checkup.sound import judge, problem


def test_a_level_is_judged() -> None:
    assert judge("mic", Loudness(-50, -30, False)).verdict == "ok"
    assert judge("mic", None).verdict == "fail"
    assert "no sound at all" in judge("mic", Loudness(FLOOR_DB, FLOOR_DB, False)).text
    assert "clips" in judge("mic", Loudness(-5, 0, True)).text


def test_a_message_is_split_into_what_and_what_to_do() -> None:
    found = problem("no microphone: none; run `this`")
    assert (found.verdict, found.text, found.advice) == ("fail", "no microphone: none", "run `this`")
