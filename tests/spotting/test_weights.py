from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spotting.filters import score_filters
from voicetrail.errors import WeightsError
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.locate import find_weights, folders
from voicetrail.spotting.networks.layers import LAYERS
from voicetrail.spotting.networks.model import ARCHITECTURES, DEFAULT_ARCHITECTURE, build_model, parameters
from voicetrail.spotting.score_filter import INPUTS, ScoreFilter
from voicetrail.spotting.weights import KEY, WeightsInfo, load_weights, read_info, save_weights
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN, VOCABULARIES, is_word

LABELS = (*DIRECTIONS, UNKNOWN, NOISE)
CLASSES = ("cat", "dog", *LABELS)
INFO = WeightsInfo(
    LABELS,
    CLASSES,
    DEFAULT_ARCHITECTURE,
    FeatureSettings(),
    DetectorSettings(0.8, {"up": 0.6}, 0.2, 0.5, 0.05),
    0.7,
    {"epoch": 3, "trained_on": ["speech_commands"]},
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that was never trained."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    save_weights(path, build_model(INFO.architecture, INFO.features, len(CLASSES)).state_dict(), INFO)
    return path


@pytest.fixture
def altered(kept: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes the kept weights with changes to their metadata or tensors."""

    def write(meta: dict[str, Any] | None = None, tensors: dict[str, torch.Tensor | None] | None = None) -> Path:
        with safetensors.safe_open(kept, "pt") as stored:
            metadata_stored = json.loads(stored.metadata()[KEY])
        merged = safetensors.torch.load_file(kept) | (tensors or {})
        path = tmp_path / "altered.safetensors"
        safetensors.torch.save_file(
            {name: value for name, value in merged.items() if value is not None},
            path,
            {KEY: json.dumps({**metadata_stored, **(meta or {})})},
        )
        return path

    return write


def exit_error(path: Path | str) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 400
    return line


def test_weights_round_trip(kept: Path) -> None:
    weights = load_weights(kept)
    assert weights.info == INFO
    assert (weights.name, weights.hash) == ("untrained", hashlib.sha256(kept.read_bytes()).hexdigest())
    torch.manual_seed(1)
    fresh = build_model(INFO.architecture, INFO.features, len(CLASSES)).state_dict()
    for name, value in weights.model.state_dict().items():
        # Stored in half precision.
        torch.testing.assert_close(value, fresh[name], rtol=1e-3, atol=1e-6)
    assert not kept.with_suffix(".part").exists()


@settings(max_examples=40, deadline=None)
@given(score_filter=st.none() | score_filters, unfiltered=st.none() | st.floats(0.05, 1.0).map(DetectorSettings))
def test_score_filter_round_trip(
    score_filter: ScoreFilter | None, unfiltered: DetectorSettings | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    info = replace(INFO, score_filter=score_filter, unfiltered_detector=unfiltered)
    path = tmp_path_factory.getbasetemp() / "filtered.safetensors"
    save_weights(path, {"a": torch.zeros(1)}, info)
    assert read_info(path) == info


def test_weights_without_their_filter_have_the_settings_for_that() -> None:
    plain = DetectorSettings(0.9, smoothing=0.2)
    info = replace(INFO, score_filter=ScoreFilter(((0.0,) * len(INPUTS),), 0.0), unfiltered_detector=plain)
    assert info.without_filter() == replace(INFO, detector=plain)
    assert INFO.without_filter() == INFO


TAP = [0.0] * len(INPUTS)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ([], "not a table"),
        ({}, "1 to 64 hops"),
        ({"taps": [], "bias": 0}, "1 to 64 hops"),
        ({"taps": [TAP] * 65, "bias": 0}, "1 to 64 hops"),
        ({"taps": [TAP, TAP[1:]], "bias": 0}, "9 coefficients"),
        ({"taps": [TAP, "x"], "bias": 0}, "9 coefficients"),
        ({"taps": [[*TAP[1:], float("nan")]], "bias": 0}, "-1000 to 1000"),
        ({"taps": [[*TAP[1:], 1001.0]], "bias": 0}, "-1000 to 1000"),
        ({"taps": [[*TAP[1:], "\x1b[2J"]], "bias": 0}, "-1000 to 1000"),
        ({"taps": [[*TAP[1:], True]], "bias": 0}, "-1000 to 1000"),
        ({"taps": [TAP], "bias": float("-inf")}, "-1000 to 1000"),
        ({"taps": [TAP], "bias": 10**400}, "-1000 to 1000"),
        ({"taps": [TAP]}, "-1000 to 1000"),
    ],
)
def test_a_broken_score_filter_is_refused(broken: object, why: str, altered: Callable[..., Path]) -> None:
    line = exit_error(altered({"score_filter": broken}))
    assert why in line
    assert "damaged" in line
    assert line.isprintable()


def test_broken_settings_without_a_filter_are_refused(altered: Callable[..., Path]) -> None:
    assert "margin is not a number" in exit_error(altered({"unfiltered_detector": INFO.detector.to_dict() | {"margin": 2}}))
    assert "not a table" in exit_error(altered({"unfiltered_detector": 1}))


def test_a_score_filter_needs_both_reserved_labels(altered: Callable[..., Path]) -> None:
    score_filter = {"taps": [TAP], "bias": 0.0}
    names = {"labels": ["up", UNKNOWN], "classes": ["up", UNKNOWN], "architecture": LAYERS}
    assert read_info(altered(names)).score_filter is None
    with pytest.raises(WeightsError, match="a score filter needs the labels _background_noise_ and _unknown_"):
        read_info(altered({**names, "score_filter": score_filter}))


def test_metadata_can_be_read_without_the_tensors(kept: Path) -> None:
    assert read_info(kept) == INFO


def test_classes_outside_the_labels_count_as_unknown() -> None:
    scores = torch.tensor([[0.3, 0.1, 0.2, 0.1, 0.05, 0.05, 0.15, 0.05]]) @ INFO.grouping()
    torch.testing.assert_close(scores, torch.tensor([[0.2, 0.1, 0.05, 0.05, 0.55, 0.05]]))


def test_unknown_name_lists_the_available_weights(tmp_path: Path) -> None:
    line = exit_error("directional5w")
    assert "'directional5w'" in line
    assert "18w, directional4w" in line
    assert "nowhere.safetensors" in exit_error(tmp_path / "nowhere.safetensors")
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    assert "no weights file" in exit_error(folder)


def test_control_characters_in_a_name_are_replaced() -> None:
    assert "\x1b" not in exit_error("\x1b[2Jnone")


def test_package_weights_come_before_those_of_the_checkout(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed, checkout = tmp_path / "installed", tmp_path / "checkout"
    for folder in (installed, checkout):
        folder.mkdir()
    (checkout / "own.safetensors").write_bytes(kept.read_bytes())
    monkeypatch.setattr("voicetrail.spotting.locate.folders", lambda: (installed, checkout))
    assert find_weights("own").parent == checkout
    (installed / "own.safetensors").write_bytes(kept.read_bytes())
    assert find_weights("own").parent == installed


@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.999])
def test_truncated_weights_are_refused(kept: Path, tmp_path: Path, part: float) -> None:
    whole = kept.read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(whole[: int(len(whole) * part)])
    assert "damaged" in exit_error(path)


@pytest.mark.parametrize(
    "content", [b"hello, these are no weights\n" * 40, b"\0" * 4096, b"\xff" * 64], ids=["text", "zeros", "ones"]
)
def test_other_files_are_refused_as_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    assert "download the file again" in exit_error(path) or "lacks their metadata" in exit_error(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickle_is_refused_without_running_it(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "pickle.safetensors"
    torch.save(build_model(INFO.architecture, INFO.features, 6).state_dict(), path, _use_new_zipfile_serialization=zipped)
    line = exit_error(path)
    assert "pickle" in line
    assert ".safetensors" in line


def test_oversized_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(10**9)
    assert "too large" in exit_error(path)


def test_weights_of_another_program_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(3)}, path)
    assert "no weights of voicetrail" in exit_error(path)


def test_other_format_version_is_refused_with_both_numbers(altered: Callable[..., Path]) -> None:
    line = exit_error(altered({"format_version": 7}))
    assert "format version 7" in line
    assert "reads 1" in line


def test_unknown_architecture_lists_the_known_ones(altered: Callable[..., Path]) -> None:
    line = exit_error(altered({"architecture": "transformer-9000"}))
    assert "transformer-9000" in line
    assert DEFAULT_ARCHITECTURE in line


def test_wrong_shapes_are_refused_with_the_first_one(altered: Callable[..., Path]) -> None:
    assert "head.weight" in exit_error(altered(tensors={"head.weight": torch.zeros(3, 160)}))
    assert "head.bias" in exit_error(altered(tensors={"head.bias": None}))
    assert "extra tensors" in exit_error(altered(tensors={"another": torch.zeros(1)}))
    assert "do not fit" in exit_error(altered({"architecture": "cnn-trad-fpool3"}))
    assert "do not fit" in exit_error(altered({"classes": [*CLASSES, "more"]}))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_with_nan_are_refused(altered: Callable[..., Path], value: float) -> None:
    bias = torch.zeros(len(CLASSES))
    bias[2] = value
    assert "not a number" in exit_error(altered(tensors={"head.bias": bias}))


ABSURD: list[dict[str, Any]] = [
    {"labels": [*LABELS, "parrot"]},
    {"labels": list(DIRECTIONS)},
    {"labels": ["up", *LABELS]},
    {"labels": "up"},
    {"labels": None},
    {"labels": [["up"]]},
    {"classes": {}},
    {"classes": [*CLASSES, "up"]},
    {"architecture": ["temporal-resnet"]},
    {"architecture": None},
    {"format_version": None},
    {"format_version": [1]},
    {"detector": None},
    {"detector": []},
    {"temperature": 0},
    {"temperature": float("nan")},
    {"temperature": "warm"},
    {"detector": {"threshold": 0.5, "volume": 11}},
    {"detector": {"threshold": -1}},
    {"detector": {"threshold": "high"}},
    {"detector": {"thresholds": ["up"]}},
    {"detector": {"thresholds": {"up": float("nan")}}},
    {"detector": {"refractory": 1e9}},
    {"features": None},
    {"features": "40 mels"},
    {"features": {**FeatureSettings().as_dict(), "hop_length": 0}},
    {"features": {**FeatureSettings().as_dict(), "n_fft": float("inf")}},
    {"features": {**FeatureSettings().as_dict(), "n_fft": 4000, "window_samples": 4000}, "architecture": "cnn-trad-fpool3"},
    {"features": {**FeatureSettings().as_dict(), "n_mels": 2}, "architecture": "browser-fft"},
]


@pytest.mark.parametrize("meta", ABSURD, ids=lambda meta: json.dumps(meta)[:60])
def test_absurd_metadata_give_one_line(altered: Callable[..., Path], meta: dict[str, Any]) -> None:
    assert exit_error(altered(meta))


def test_deeply_nested_metadata_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(1)}, path, {KEY: "[" * 100_000})
    assert "damaged" in exit_error(path)


def test_training_data_in_metadata_may_be_any_json(altered: Callable[..., Path]) -> None:
    assert load_weights(altered({"about": "a secret"})).info == replace(INFO, about={})


@pytest.mark.parametrize("name", list(VOCABULARIES))
def test_shipped_weights_match_the_documentation(name: str) -> None:
    path = find_weights(name)
    assert path.parent in folders()
    assert path.stat().st_size < 2_000_000
    weights = load_weights(name)
    assert weights.info.labels == (*VOCABULARIES[name], UNKNOWN, NOISE)
    assert weights.info.architecture in ARCHITECTURES
    assert parameters(weights.model) <= 300_000
    detector = weights.info.detector
    for word in filter(is_word, weights.info.labels):
        assert 0.3 <= detector.threshold_of(word) <= 0.99
    assert set(detector.thresholds) <= {*VOCABULARIES[name]}
    assert 0.0 <= detector.smoothing <= 0.4
    assert 0.2 <= detector.refractory <= 1.5


@pytest.mark.parametrize("label", ["\x1b[31mup", "u\u202ep", "\ud800", "up\n", "\x9b", "", "x" * 41, "\u200bup"])
def test_label_with_control_characters_is_refused(altered: Callable[..., Path], label: str) -> None:
    labels, classes = (label, *INFO.labels[1:]), (label, *INFO.classes[1:])
    line = exit_error(altered({"labels": labels, "classes": classes, "meanings": {}}))
    assert "label" in line
    assert line.isprintable()


def test_weights_whose_scores_overflow_are_refused(altered: Callable[..., Path], kept: Path) -> None:
    """Each weight is finite, and the scores are not."""
    large = {
        name: torch.full_like(value, 60_000.0)
        for name, value in safetensors.torch.load_file(kept).items()
        if value.is_floating_point() and name.endswith("conv.weight")
    }
    assert "scores are not finite" in exit_error(altered(tensors=large))


def test_probe_does_not_change_batch_norm_statistics(kept: Path) -> None:
    loaded = load_weights(kept).model.state_dict()
    stored = safetensors.torch.load_file(kept)
    assert all(torch.equal(loaded[name].float(), stored[name].float()) for name in stored)
