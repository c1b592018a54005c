"""The manual page and the completion are made from the parsers, and need nothing but Python to be made."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voicetrail.cli import main
from voicetrail.manual import completion, manual_page
from voicetrail.program import COMMANDS
from voicetrail.settings import SETTINGS
from voicetrail.version import __version__

ROOT = Path(__file__).parents[1]


def test_the_page_has_every_command_setting_and_the_version() -> None:
    page = manual_page()
    assert f"voicetrail {__version__}" in page
    for name in COMMANDS:
        assert f".SS voicetrail {name}\n" in page
    for name in SETTINGS:
        if name not in ("thresholds",):
            assert "\\-\\-" + name.replace("_", "\\-") in page, name
    assert "SUPPRESS" not in page
    assert "%(" not in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_man_understands_every_line_of_the_page() -> None:
    command = ["groff", "-man", "-Tutf8", "-ww", "-z"]
    done = subprocess.run(command, input=manual_page().encode(), capture_output=True, check=False, timeout=30)
    warnings = [line for line in done.stderr.decode().splitlines() if "can't break" not in line and "cannot" not in line]
    assert (done.returncode, warnings) == (0, [])


def completed(words: list[str], tmp_path: Path) -> list[str]:
    """What bash offers for the last of the words."""
    script = tmp_path / "completion"
    script.write_text(completion("bash"))
    function = re.search(r"complete .*-F (\w+)", script.read_text())
    assert function is not None
    line = shlex.join(words)
    program = (
        f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        f'COMP_LINE="{line}"; {function[1]}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True, timeout=30, cwd=tmp_path)
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_flags_and_files(tmp_path: Path) -> None:
    (tmp_path / "clip.wav").touch()
    assert {"play", "listen", "settings"} <= set(completed(["voicetrail", ""], tmp_path))
    assert completed(["voicetrail", "dev"], tmp_path) == ["devices"]
    assert "--glide-speed" in completed(["voicetrail", "play", "--gl"], tmp_path)
    assert completed(["voicetrail", "settings", "pre"], tmp_path) == ["presets"]
    assert completed(["voicetrail", "classify", "cl"], tmp_path) == ["clip.wav"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert "voicetrail" in out
    assert "glide" in out


def test_the_parsers_need_nothing_but_python() -> None:
    program = (
        "import sys; from voicetrail.manual import manual_page; manual_page(); "
        "print([n for n, m in sys.modules.items() if 'site-packages' in (getattr(m, '__file__', None) or '') and n[0] != '_'])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
