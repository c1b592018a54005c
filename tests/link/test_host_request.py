"""What `voicetrail ssh` says to a host stands in a command line, which any shell runs without effect."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.link.host_request import (
    ARGUMENT_MAX,
    ARGUMENTS_MAX,
    HostRequest,
    HostRequestError,
    decode_request,
    encode_request,
)

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=ARGUMENT_MAX)


@given(
    st.sampled_from(["sound", "words"]),
    st.text(max_size=40),
    st.lists(PRINTABLE, max_size=ARGUMENTS_MAX // 4),
    st.text(max_size=40),
    st.integers(0, 1000),
)
def test_a_request_comes_back_as_it_was_sent(content: str, path: str, play: list[str], colorterm: str, protocol: int) -> None:
    request = HostRequest(content, path, tuple(play), colorterm, protocol)  # type: ignore[arg-type]
    assert decode_request(encode_request(request) + "exec sh -c 'true'") == request


@given(st.text())
def test_arbitrary_request_is_parsed_or_refused(text: str) -> None:
    for command in (text, f": voicetrail-game {text};"):
        try:
            found = decode_request(command)
        except HostRequestError:
            continue
        assert found is None


@given(st.binary(max_size=300))
def test_invalid_encoding_is_refused(data: bytes) -> None:
    import base64

    with pytest.raises(HostRequestError):
        decode_request(f": voicetrail-game {base64.urlsafe_b64encode(data + b'xxx').decode().rstrip('=')};")


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "fish", "csh", "ksh"])
def test_request_is_harmless_in_a_shell(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = encode_request(HostRequest("sound", "/tmp/x y'z", ("$(id)", "`id`", '"'))) + "echo on"
    done = subprocess.run([shell, "-c", command], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "on\n", "")
