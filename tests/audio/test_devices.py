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


def test_alsas_default_is_shown_as_what_it_is() -> None:
    assert [each.shown for each in (DEFAULT, USB)] == ["the default microphone", "USB Audio: Mic One"]


def test_exact_name_wins_over_partial_matches() -> None:
    longer = InputDevice(6, "pulse two", False, 48_000, 1)
    assert choose([longer, PULSE], "pulse") == PULSE


def test_first_input_is_used_without_a_default() -> None:
    assert choose([USB, BUILT_IN], None) == USB


def test_no_inputs_are_reported() -> None:
    assert choose([], None) is None
    assert choose([], "usb") is None


def test_ambiguous_and_unknown_names_list_the_candidates() -> None:
    with pytest.raises(AudioError, match="several inputs match 'mic': 0 USB Audio: Mic One, 1 Built-in Audio: Mic;"):
        choose(ALL, "mic")
    with pytest.raises(AudioError, match=r"no input matches 'kitchen'; the inputs are 0 USB .* 5 default"):
        choose(ALL, "kitchen")
    with pytest.raises(AudioError, match="no input matches '2'"):
        choose(ALL, "2")


def test_escape_sequences_in_a_device_name_are_replaced() -> None:
    with pytest.raises(AudioError) as caught:
        choose(ALL, "\x1b[2Jmic")
    assert "\x1b" not in str(caught.value)


def test_long_list_of_candidates_is_shortened() -> None:
    many = [InputDevice(index, f"input {index}", False, 48_000, 1) for index in range(30)]
    assert "and 24 more" in listing(many)


TWIN = [InputDevice(index, "USB Mic", False, 48_000, 1) for index in (2, 7)]


def test_inputs_of_the_same_name_are_numbered() -> None:
    inputs = [USB, *TWIN, DEFAULT]
    names = [lasting_name(inputs, each) for each in inputs]
    assert names == [USB.name, "USB Mic #1", "USB Mic #2", "default"]
    assert [choose(inputs, name) for name in names] == inputs
    moved = [InputDevice(index, each.name, False, 48_000, 1) for index, each in enumerate([DEFAULT, *TWIN, USB])]
    found = choose(moved, "USB Mic #2")
    assert found is not None
    assert found.index == 2, "whatever its number is today"


def test_number_of_a_missing_input_is_reported() -> None:
    with pytest.raises(AudioError, match=r"there is no input 'USB Mic #2'; there are only 1 with that name: 2 USB Mic"):
        choose([USB, TWIN[0]], "USB Mic #2")
    with pytest.raises(AudioError, match="no input matches"):
        choose([USB], "USB Mic #2")


def test_name_ending_in_a_number_is_matched_as_a_name() -> None:
    odd = InputDevice(3, "Line #2", False, 48_000, 1)
    assert choose([USB, odd], "Line #2") == odd
