"""What cannot be imported is refused in one line that says what is wrong."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.spotting.importing.makers import small_document, write_model
from voicetrail.errors import WeightsError
from voicetrail.spotting.importing import read_model

Change = Callable[[dict[str, Any]], object]


def layers(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["modelTopology"]["config"]["layers"]
    return found


def group(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["weightsManifest"][0]
    return found


def test_a_model_is_read_with_its_words(tmp_path: Path) -> None:
    model = read_model(write_model(tmp_path))
    assert model.labels == ("_background_noise_", "_unknown_", "up", "links")
    assert (model.features.frames, model.features.bins) == (43, 232)
    assert [each.layer["kind"] for each in model.topology.row] == ["conv2d", "max-pool", "flatten", "dense", "dense"]
    assert read_model(tmp_path / "model.json", tmp_path / "metadata.json").labels == model.labels


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda d: layers(d).insert(2, {"class_name": "LSTM", "config": {"name": "memory"}}),
            r"'memory' \(LSTM\) is not supported",
        ),
        (lambda d: layers(d)[0]["config"].update(data_format="channels_first"), "channels first"),
        (lambda d: layers(d)[0]["config"].update(activation="gelu"), "'gelu'"),
        (lambda d: layers(d)[0]["config"].update(padding="causal"), "'causal'"),
        (lambda d: layers(d)[0]["config"].update(filters=10**9), "an invalid size"),
        (lambda d: layers(d)[0]["config"].update(kernel_size=[400, 400], padding="valid"), "larger than its input"),
        (lambda d: layers(d)[0]["config"].update(batch_input_shape=[None, 224, 224, 3]), "not a patch of spectrum"),
        (lambda d: layers(d)[0]["config"].update(batch_input_shape=[None, 43, 900, 1]), "is larger than this program supports"),
        (lambda d: layers(d)[4]["config"].update(units=10**6), "has the shape|too large"),
        (lambda d: layers(d)[-1]["config"].update(activation="sigmoid"), "'sigmoid'"),
        (lambda d: layers(d)[-1]["config"].update(activation="linear"), "does not end in a dense layer with a softmax"),
        (lambda d: layers(d)[-1]["config"].update(units=5), "5 scores, but its metadata name 4"),
        (lambda d: layers(d)[-1]["config"].update(name="hidden"), "the same name"),
        (lambda d: d.update(format="graph-model"), "graph model"),
        (lambda d: d.pop("modelTopology"), "no readable modelTopology"),
        (lambda d: d.pop("weightsManifest"), "no readable weightsManifest"),
        (lambda d: group(d)["weights"][0].update(dtype="int32"), "'int32'"),
        (lambda d: group(d)["weights"][0].update(quantization={"dtype": "int4"}), "'int4'"),
        (lambda d: group(d)["weights"][0].update(quantization={"dtype": "uint8", "scale": "x", "min": 0}), "not a number"),
        (lambda d: group(d)["weights"][0].update(shape=[1 << 20, 1 << 20]), "too large for a recognizer"),
        (lambda d: group(d)["weights"][0].update(name="conv/depth"), "'conv' are missing"),
        (lambda d: group(d)["weights"][0].update(shape=[8, 4, 1, 4]), r"\[4, 1, 8, 4\], but the layer needs \[4, 1, 4, 8\]"),
        (
            lambda d: group(d)["weights"].append({"name": "more", "shape": [0], "dtype": "float32"}),
            "'more' belongs to no layer",
        ),
        (lambda d: group(d)["weights"].pop(), "should have .* bytes"),
        (lambda d: group(d)["paths"].append("three.bin"), "'three.bin' is missing"),
        (lambda d: group(d).update(paths=["one.bin"]), "should have .* bytes"),
        (lambda d: group(d).update(paths=["../outside.bin"]), "outside the model's folder"),
        (lambda d: group(d).update(paths=["/etc/passwd"]), "outside the model's folder"),
        (lambda d: group(d).update(paths=["a\\..\\b"]), "outside the model's folder"),
        (lambda d: group(d).update(paths=["file:///etc/passwd"]), "outside the model's folder"),
        (lambda d: group(d).update(paths=["one.bin/../../x"]), "outside the model's folder"),
        (lambda d: group(d).update(paths=["."]), "is not a file"),
    ],
)
def test_unsupported_model_is_explained(tmp_path: Path, change: Change, said: str) -> None:
    document = copy.deepcopy(small_document())
    write_model(tmp_path / "m", document)
    (tmp_path / "outside.bin").write_bytes(b"\0" * 4096)
    change(document)
    (tmp_path / "m" / "model.json").write_text(json.dumps(document))
    with pytest.raises(WeightsError, match=said) as refused:
        read_model(tmp_path / "m")
    assert "\n" not in str(refused.value)


def test_shard_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (tmp_path / "outside.bin").write_bytes((folder / "two.bin").read_bytes())
    (folder / "two.bin").unlink()
    (folder / "two.bin").symlink_to(tmp_path / "outside.bin")
    with pytest.raises(WeightsError, match="outside the model's folder"):
        read_model(folder)


def test_special_file_as_shard_does_not_block(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "two.bin").unlink()
    os.mkfifo(folder / "two.bin")
    with pytest.raises(WeightsError, match="is not a file"):
        read_model(folder)


@pytest.mark.parametrize(("size", "said"), [(-1, "should have"), (1, "should have"), (-(10**9), "should have")])
def test_a_shard_of_another_size_is_refused(tmp_path: Path, size: int, said: str) -> None:
    folder = write_model(tmp_path / "m")
    content = (folder / "two.bin").read_bytes()
    (folder / "two.bin").write_bytes(content[:size] if size < 0 else content + b"\0" * size)
    with pytest.raises(WeightsError, match=said):
        read_model(folder)


def test_weights_with_nan_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "one.bin").write_bytes(b"\xff" * 1000)
    with pytest.raises(WeightsError, match="contains values that are not numbers"):
        read_model(folder)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ('{"words": ["a", "b"]}', "4 scores, but its metadata name 2 words"),
        ('{"frameSize": 232}', "names no words"),
        ('{"words": ["a", 1, "b", "c"]}', "names no words"),
        ('{"words": ["a", "b", "c", "d"], "frameSize": 100}', "100 bins"),
        ("[]", "no JSON object"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_invalid_metadata_are_explained(tmp_path: Path, metadata: str, said: str) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "metadata.json").write_text(metadata)
    with pytest.raises(WeightsError, match=said):
        read_model(folder)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.json cannot be read"):
        read_model(tmp_path)
    folder = write_model(tmp_path / "m")
    (folder / "metadata.json").unlink()
    with pytest.raises(WeightsError, match="--metadata"):
        read_model(folder)


def test_branching_layers_are_refused(tmp_path: Path) -> None:
    document = small_document()
    row = layers(document)
    names = [layer["config"]["name"] for layer in row]
    for layer, before in zip(row, [None, *names], strict=False):
        layer["name"] = layer["config"]["name"]
        layer["inbound_nodes"] = [] if before is None else [[[before, 0, 0, {}]]]
    document["modelTopology"] = {"model_config": {"class_name": "Functional", "config": {"name": "m", "layers": row}}}
    folder = write_model(tmp_path / "m", document)
    assert read_model(folder).topology.units == 4  # as the converter writes Keras's functional models
    for nodes in (
        [[["pool", 0, 0, {}]]],
        [[["hidden", 0, 0, {}], ["flat", 0, 0, {}]]],
        [[["nothing", 0, 0, {}]]],
        [[["head", 0, 0]]],
    ):
        row[-1]["inbound_nodes"] = nodes
        (folder / "model.json").write_text(json.dumps(document))
        with pytest.raises(WeightsError, match="branch"):
            read_model(folder)
