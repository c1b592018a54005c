from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from voicetrail.cli import main
from voicetrail.settings import SETTINGS, load_settings


def test_the_list_has_every_setting_with_its_origin(
    env: dict[str, str], settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text("step = 5\n[keys]\nundo = 'c'\nfly = 'f'\n")
    monkeypatch.setenv("VOICETRAIL_MARGIN", "0.2")
    load_settings(env=env).set("glide_speed", 9)
    assert main(["settings", "--threshold", "left=0.5"]) == 0
    out = capsys.readouterr().out
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert set(SETTINGS) - {"thresholds"} <= set(lines)
    assert lines["step"].split()[1:4] == ["5", "steps", "file"]
    assert lines["margin"].split()[1:3] == ["0.2", "environment"]
    assert lines["glide_speed"].split()[1:4] == ["9", "steps/s", "key"]
    assert lines["thresholds.left"].split()[1:3] == ["0.5", "flag"]
    assert "1 to 20 steps" in lines["step"]
    assert SETTINGS["step"].help in lines["step"]
    assert "note: keys: there is no action 'fly'" in out
    assert "note: keys: c now belongs to undo; clear has no key left" in out


def test_the_list_as_json(env: dict[str, str], settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.write_text("fly = 1\n")
    assert main(["settings", "--json", "--threshold", "0.6"]) == 0
    printed = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in printed["settings"]}
    assert list(rows) == list(SETTINGS)
    assert (rows["threshold"]["value"], rows["threshold"]["origin"]) == (0.6, "flag")
    assert printed["files"]["settings"] == str(settings_file)
    assert len(printed["notices"]) == 1


def test_set_and_reset(env: dict[str, str], settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.write_text("# mine\n")
    load_settings(env=env).set("step", 7)
    assert main(["settings", "set", "step", "4"]) == 0
    assert main(["settings", "set", "thresholds.left", "0.5"]) == 0
    assert main(["settings", "set", "gain", "-6"]) == 0
    assert capsys.readouterr().out == "step = 4 steps (file)\nthresholds.left = 0.5 (file)\ngain = -6 dB (file)\n"
    assert settings_file.read_text().startswith("# mine\n")
    assert main(["settings", "reset", "step"]) == 0
    assert load_settings(env=env)["step"] == 2
    assert main(["settings", "reset", "all"]) == 0
    assert load_settings(env=env).origin("thresholds.left") == "default"
    assert settings_file.read_text().strip() == "# mine"


def test_set_reports_a_value_with_higher_precedence(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICETRAIL_STEP", "9")
    load_settings(env=env).set("preset", "fast")
    assert main(["settings", "set", "step", "4"]) == 0
    assert "the environment overrides the file" in capsys.readouterr().out
    assert main(["settings", "set", "thresholds.left", "0.5"]) == 0
    assert "the preset 'fast' overrides the file" in capsys.readouterr().out


def test_a_profile_has_its_own_file(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "set", "step", "4", "--profile", "ann"]) == 0
    assert main(["settings", "--profile", "ann", "path"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "step = 4 steps (profile)"
    assert load_settings(env=env, profile="ann")["step"] == 4
    assert load_settings(env=env)["step"] == 2


def test_presets_by_command(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "set", "preset", "fast"]) == 0
    assert main(["settings", "save", "mine"]) == 0
    assert main(["settings", "presets"]) == 0
    assert "* mine" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["set", "step", "400"], "step cannot be '400': it takes 1 to 20 steps"),
        (["set", "stpe", "4"], "did you mean step"),
        (["set", "preset", "loud"], "no preset 'loud'"),
        (["set", "thresholds.left", "x"], "thresholds.left cannot be 'x': it takes 0.05 to 1"),
        (["reset", "fly"], "no setting 'fly'"),
        (["--profile", "../up"], "cannot name a profile"),
        (["save", "fast"], "choose another name"),
    ],
)
def test_errors_give_one_line_and_exit_code_2(
    given: list[str], says: str, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", *given]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1
    assert not Path(env["VOICETRAIL_CONFIG_DIR"], "settings.toml").exists()


def test_reading_settings_loads_nothing_heavy(env: dict[str, str]) -> None:
    program = (
        "import sys; from voicetrail.settings import load_settings; load_settings(); "
        "print([m for m in ('tomlkit', 'numpy', 'textual', 'torch', 'sounddevice') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
