from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from voicetrail.audio.microphone_problem import no_input, no_portaudio

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the advice of Linux")


def test_missing_library_is_named_with_the_install_command() -> None:
    assert "sudo apt install libportaudio2" in no_portaudio()


def test_over_ssh_the_remote_microphone_is_explained(tmp_path: Path) -> None:
    assert "voicetrail ssh" in no_input({"SSH_CONNECTION": "::1 1 ::1 2"}, tmp_path)


def test_sound_server_unreachable_for_alsa_is_explained(tmp_path: Path) -> None:
    env = {"PULSE_SERVER": "unix:/nowhere"}
    assert "libasound2-plugins" in no_input(env, tmp_path)
    plugins = tmp_path / "usr" / "lib" / "x86_64-linux-gnu" / "alsa-lib"
    plugins.mkdir(parents=True)
    (plugins / "libasound_module_pcm_pulse.so").touch()
    assert "pactl" in no_input(env, tmp_path)


def test_pipewire_without_alsa_plugin_is_explained(tmp_path: Path) -> None:
    (tmp_path / "pipewire-0").touch()
    assert "pipewire-alsa" in no_input({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may use every device")
def test_device_without_permission_is_explained(tmp_path: Path) -> None:
    (tmp_path / "dev" / "snd").mkdir(parents=True)
    (tmp_path / "dev" / "snd" / "pcmC0D0c").touch(mode=0o000)
    assert "usermod -aG audio" in no_input({}, tmp_path)


def test_system_without_sound_devices_is_explained(tmp_path: Path) -> None:
    assert "plug one in" in no_input({}, tmp_path)
