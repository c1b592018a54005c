from __future__ import annotations

import pytest

from voicetrail.audio.devices import InputDevice, choose, lasting_name, listing
from voicetrail.errors import AudioError

USB = InputDevice(0, "USB Audio: Mic One", False, 48_000, 1)
BUILT_IN = InputDevice(1, "Built-in Audio: Mic", False, 44_100, 2)
PULSE = InputDevice(4, "pulse", False, 44_100, 32)
DEFAULT = InputDevice(5, "default", True, 44_100, 32)
ALL = [USB, BUILT_IN, PULSE, DEFAULT]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, DEFAULT),
        ("", DEFAULT),
        ("1", BUILT_IN),
        (" 4 ", PULSE),
        ("usb", USB),
        ("MIC ONE", USB),
        ("built-in", BUILT_IN),
        ("default", DEFAULT),
    ],
)
def test_an_input_is_found(asked: str | None, found: InputDevice) -> None:
    assert choose(ALL, asked) == found


def test_a_whole_name_wins_over_parts_of_others() -> None:
    longer = InputDevice(6, "pulse two", False, 48_000, 1)
    assert choose([longer, PULSE], "pulse") == PULSE


def test_without_a_default_the_first_is_taken() -> None:
    assert choose([USB, BUILT_IN], None) == USB


def test_nothing_to_choose_from() -> None:
    assert choose([], None) is None
    assert choose([], "usb") is None


def test_several_and_none_are_refused_with_the_candidates() -> None:
    with pytest.raises(AudioError, match="several inputs match 'mic': 0 USB Audio: Mic One, 1 Built-in Audio: Mic;"):
        choose(ALL, "mic")
    with pytest.raises(AudioError, match=r"no input matches 'kitchen'; the inputs are 0 USB .* 5 default"):
        choose(ALL, "kitchen")
    with pytest.raises(AudioError, match="no input matches '2'"):
        choose(ALL, "2")


def test_a_name_with_escape_sequences_is_shown_harmless() -> None:
    with pytest.raises(AudioError) as caught:
        choose(ALL, "\x1b[2Jmic")
    assert "\x1b" not in str(caught.value)


def test_a_long_list_is_cut() -> None:
    many = [InputDevice(index, f"input {index}", False, 48_000, 1) for index in range(30)]
    assert "and 24 more" in listing(many)


TWIN = [InputDevice(index, "USB Mic", False, 48_000, 1) for index in (2, 7)]


def test_two_of_one_name_are_remembered_by_which_of_them_it_is() -> None:
    inputs = [USB, *TWIN, DEFAULT]
    names = [lasting_name(inputs, each) for each in inputs]
    assert names == [USB.name, "USB Mic #1", "USB Mic #2", "default"]
    assert [choose(inputs, name) for name in names] == inputs
    moved = [InputDevice(index, each.name, False, 48_000, 1) for index, each in enumerate([DEFAULT, *TWIN, USB])]
    found = choose(moved, "USB Mic #2")
    assert found is not None
    assert found.index == 2, "whatever its number is today"


def test_which_of_them_it_is_no_longer_fits_is_said() -> None:
    with pytest.raises(AudioError, match=r"there is no input 'USB Mic #2'; there are only 1 with that name: 2 USB Mic"):
        choose([USB, TWIN[0]], "USB Mic #2")
    with pytest.raises(AudioError, match="no input matches"):
        choose([USB], "USB Mic #2")


def test_a_name_that_ends_in_a_number_is_a_name() -> None:
    odd = InputDevice(3, "Line #2", False, 48_000, 1)
    assert choose([USB, odd], "Line #2") == odd
