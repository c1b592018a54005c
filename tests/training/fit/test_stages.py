from __future__ import annotations

from pathlib import Path

import pytest

from voicetrail.errors import TrainingError
from voicetrail.training.fit import stages as staged
from voicetrail.training.fit.stages import NO_GPL, SHIPPED, main, stages


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("speech_commands", "noise", "negatives", "talk", "rooms"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    (tmp_path / "data" / "speech_commands" / "validation_list.txt").touch()
    (tmp_path / "data" / "talk" / "transcripts.tsv").write_text(
        "file\tspeaker\tnone\ttranscript\na\t1\tyes\tgood day\n", "utf-8"
    )
    return tmp_path / "data"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """The commands that were run; each leaves behind what the real one would."""
    run: list[tuple[str, ...]] = []

    def stand_in(*command: str) -> None:
        run.append(command[2:])
        if "train" in command:
            out = Path(command[command.index("--out") + 1])
            out.mkdir(parents=True, exist_ok=True)
            (out / "best.safetensors").touch()
            names = [command[at + 1] for at, word in enumerate(command) if word == "--vocabulary"] or ["directional4w"]
            for name in names:
                (out / f"{name}.safetensors").touch()
        elif command[2].endswith("synthesize"):
            (Path(command[3]) / "words").mkdir(parents=True, exist_ok=True)
        elif command[2].endswith("speech"):
            Path(command[3]).mkdir(parents=True)
        elif command[2].endswith("negatives"):
            Path(command[4]).touch()
        elif command[2].endswith("events.fit"):
            out = Path(command[command.index("--out") + 1])
            out.mkdir()
            for path in command[3 : command.index("--out")]:
                (out / Path(path).name).touch()

    monkeypatch.setattr(staged, "_run", stand_in)
    monkeypatch.setattr(staged, "_from_history", lambda source, target: target.write_bytes(source.encode()))
    return run


def test_stages_run_in_order_and_not_again(data: Path, tmp_path: Path, commands: list[tuple[str, ...]]) -> None:
    runs, names = tmp_path / "runs", ("directional4w", "18w")
    assert main(["--data", str(data), "--runs", str(runs)]) == 0
    assert (runs / "texts.txt").read_text() == "good day.\n"
    trained = [command[command.index("--out") + 1].rsplit("/", 1)[-1] for command in commands if "train" in command]
    assert trained == ["a", "b", "b"]
    assert commands[-3][-4:] == ("--vocabulary", "directional4w", "--vocabulary", "18w")
    assert commands[-2][:3] == ("voicetrail.training.events.fit", *(str(runs / "b" / f"{name}.safetensors") for name in names))
    assert commands[-1][0].endswith("fit.negatives")
    assert "--synthetic" not in commands[-1]
    assert "fillets-ng-data-cs" not in commands[0], "nothing under the GPL is trained on again"
    assert commands[-1][1] == str(runs / "events" / "directional4w.safetensors")
    assert (runs / "events" / "18w.safetensors").exists()
    done = len(commands)
    assert main(["--data", str(data), "--runs", str(runs)]) == 0
    assert len(commands) == done


def test_weights_without_gpl_begin_with_others_and_train_once_more(
    data: Path, tmp_path: Path, commands: list[tuple[str, ...]]
) -> None:
    runs = tmp_path / "runs"
    assert main(["--data", str(data), "--runs", str(runs)]) == 0
    commands.clear()
    assert main(["--data", str(data), "--runs", str(runs), "--no-gpl"]) == 0
    trained = [command[command.index("--out") + 1].rsplit("/", 1)[-1] for command in commands if "train" in command]
    assert trained == ["a", "b", "c", "c"]
    assert (runs / "no-gpl" / "before.safetensors").read_text() == NO_GPL.before != SHIPPED.before
    assert (runs / "before.safetensors").read_text() == SHIPPED.before
    assert not any("data." in command[0] for command in commands), "the recordings are made once for both"


def test_what_was_stopped_goes_on_where_it_was(data: Path, tmp_path: Path, commands: list[tuple[str, ...]]) -> None:
    runs = tmp_path / "runs"
    assert main(["--data", str(data), "--runs", str(runs)]) == 0
    (runs / "b-mean.safetensors").unlink()
    (runs / "b" / "18w.safetensors").unlink()
    commands.clear()
    assert main(["--data", str(data), "--runs", str(runs)]) == 0
    assert [command[0].rsplit(".", 1)[-1] for command in commands] == ["average", "voicetrail"]


def test_a_part_of_a_folder_is_not_taken_for_all_of_it(
    data: Path, tmp_path: Path, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, complete = tmp_path / "runs", staged._run

    def stopped(*command: str) -> None:
        (Path(command[3]) / "words").mkdir(parents=True)
        raise TrainingError("stopped")

    (runs / "speech").mkdir(parents=True)
    monkeypatch.setattr(staged, "_run", stopped)
    assert main(["--data", str(data), "--runs", str(runs)]) == 1
    assert not (runs / "synthetic").exists()
    monkeypatch.setattr(staged, "_run", complete)
    assert main(["--data", str(data), "--runs", str(runs)]) == 0
    assert commands[0][0].endswith("synthesize"), "it is resumed"
    assert (runs / "synthetic" / "words").is_dir()


def test_from_scratch_trains_the_first_network_too(data: Path, tmp_path: Path) -> None:
    found = list(stages(data, tmp_path, from_scratch=True))
    names = [stage.makes.parent.name for stage in found]
    assert names.index("first") < names.index("second") < names.index("a") < names.index("b")
    trained = {stage.makes for stage in found} - {stage.makes for stage in stages(data, tmp_path, from_scratch=False)}
    assert found[-1].makes in trained, "nothing of another course is taken for its own"


@pytest.mark.parametrize("folder", ["rooms", "talk", "noise"])
def test_without_its_data_nothing_begins(
    data: Path, tmp_path: Path, folder: str, commands: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (data / folder).glob("*"):
        path.unlink()
    (data / folder).rmdir()
    assert main(["--data", str(data), "--runs", str(tmp_path / "runs")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"no {folder}/" in error
    assert not commands
