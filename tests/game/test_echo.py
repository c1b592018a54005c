from __future__ import annotations

from tests.game.rounds import steps
from voicetrail.game import Move, RoundSetup, Tick, make_rules
from voicetrail.game.modes.echo import HOLD_MS, LEAD_MS, LIVES, LONGEST, SHOW_MS, Echo
from voicetrail.game.rules import WordCount
from voicetrail.game.trail import OPPOSITE


def echo(seed: int = 3) -> Echo:
    rules = make_rules(RoundSetup("echo", seed=seed))
    assert isinstance(rules, Echo)
    return rules


def watch(rules: Echo) -> Echo:
    """Wait until the row has been shown."""
    rules.apply(Tick(), rules.now_ms + LEAD_MS + rules.length * SHOW_MS + HOLD_MS)
    assert not rules.watching
    return rules


def test_a_sequence_is_shown_one_direction_at_a_time_and_then_hidden() -> None:
    rules = echo()
    moving = [rules.moving]
    shown = []
    for ms in range(0, LEAD_MS + 2 * SHOW_MS, 50):
        rules.apply(Tick(), ms)
        shown.append(sum(bool(rules.mark_at(cell).direction) for cell in rules.marked()))
    assert sorted(set(shown)) == [0, 1, 2]
    assert shown == sorted(shown)
    watch(rules)
    moving.append(rules.moving)
    assert moving == [True, False]
    assert not any(rules.mark_at(cell).direction for cell in rules.marked())
    assert rules.headline == "Repeat: 1 of 2"


def test_each_repeated_sequence_makes_the_next_one_longer() -> None:
    rules = echo()
    for length in range(2, 7):
        steps(watch(rules), *rules.sequence[:length])
        assert (rules.longest, rules.length) == (length, length + 1)
    assert rules.result().score == 6
    assert rules.result().accuracy == 1.0


def test_words_while_it_is_shown_do_nothing() -> None:
    rules = echo()
    assert rules.apply(Move("up"), 100).message == "wait until the whole sequence is shown"
    assert rules.result().words == 0


def test_a_wrong_word_shows_the_sequence_again_and_the_third_one_ends_the_round() -> None:
    rules = echo()
    for left in range(LIVES - 1, -1, -1):
        asked = rules.sequence[0]
        steps(watch(rules), OPPOSITE[asked])
        assert rules.lives == left
    assert rules.ended
    result = rules.result()
    assert (result.finished, result.won, result.wrong, result.accuracy) == (True, False, 3, 0.0)
    assert result.by_word == {asked: WordCount(3, 3)}, "counted by the word that was asked for"
    assert rules.hint() == f"misheard or mixed up: {asked} as {OPPOSITE[asked]} (3 times)"


def test_a_seed_gives_one_sequence_and_shorter_ones_are_its_beginning() -> None:
    assert echo(5).sequence == echo(5).sequence
    assert len({echo(seed).sequence for seed in range(20)}) == 20


def test_it_can_be_won() -> None:
    rules = echo()
    while not rules.ended:
        steps(watch(rules), *rules.sequence[: rules.length])
    assert rules.longest == LONGEST
    assert rules.result().won
    assert rules.result().medal == "gold"
