"""What docs/host/ holds for operators: the container's recipe and the units of systemd."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from voicetrail.host_scores.writer import CLOSE_TIMEOUT_S
from voicetrail.program import command_parser
from voicetrail.visitors.limits import VisitorLimits

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "host"
UNITS = sorted(FOLDER.glob("*.service"))
WITH_DATABASE = FOLDER / "voicetrail-host.service"


def with_database(unit: str) -> str:
    """A unit with the lines of a shared database, whose hash signs are taken away."""
    return re.sub(r"^#(?=LoadCredential|ExecStart)", "", unit, flags=re.MULTILINE)


def variants() -> list[tuple[str, str]]:
    found = [(path.stem, path.read_text("utf-8")) for path in UNITS]
    return [*found, ("voicetrail-host-database", with_database(WITH_DATABASE.read_text("utf-8")))]


def commands(unit: str) -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"^ExecStart=(.+)$", unit, flags=re.MULTILINE)]


@pytest.mark.parametrize(("name", "unit"), variants(), ids=[name for name, _ in variants()])
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path, name: str, unit: str) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed (apt install systemd)")
    # The program that it starts is not installed here.
    file = tmp_path / f"{name}.service"
    file.write_text(re.sub(r"^(ExecStart=)\S+", r"\1/bin/true", unit, flags=re.MULTILINE))
    (tmp_path / "run").mkdir(mode=0o700)
    user = ["--user"] if "user" in name else []
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    done = subprocess.run(
        [program, "verify", *user, "--man=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert str(file) not in done.stderr + done.stdout


@pytest.mark.parametrize(("name", "unit"), variants(), ids=[name for name, _ in variants()])
def test_a_unit_starts_the_host_and_gives_it_the_time_to_close(name: str, unit: str) -> None:
    for words in commands(unit):
        assert words[1] == "host"
        command_parser("host").parse_args(words[2:])
    values = configparser.ConfigParser(strict=False, interpolation=None)
    values.optionxform = str  # type: ignore[assignment,method-assign]
    values.read_string(unit)
    service = values["Service"]
    assert service["KillMode"] == "mixed", "the games are the host's to end"
    from voicetrail.host.server import ENDS_WITHIN_S

    assert int(service["TimeoutStopSec"]) >= VisitorLimits().closing_s + ENDS_WITHIN_S + CLOSE_TIMEOUT_S


def test_the_recipe_of_the_container_names_what_is_there_and_runs_as_nobody_special() -> None:
    recipe = (FOLDER / "Containerfile").read_text("utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+)$", recipe, flags=re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split()[:-1]), line
    assert re.search(r"^USER 10001:10001$", recipe, flags=re.MULTILINE)
    entry = json.loads(re.findall(r"^ENTRYPOINT (.+)$", recipe, flags=re.MULTILINE)[-1])
    assert entry[1] == "host"
    port = command_parser("host").parse_args(entry[2:]).port
    assert f"EXPOSE {port}" in recipe
    # What the wheel is built of has to be copied.
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "voicetrail", "weights"):
        assert re.search(rf"^COPY .*\b{re.escape(name)}\b", recipe, flags=re.MULTILINE), name
