from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training import makers
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.networks.model import build_model
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.score_filter import filtered
from voicetrail.spotting.weights import Weights, load_weights, save_weights
from voicetrail.training.data.corpus import Corpus, find_folders
from voicetrail.training.evaluate.choose import Choice
from voicetrail.training.evaluate.streams import Spoken
from voicetrail.training.events import fit as fitting
from voicetrail.training.events.embeddings import EmbeddedStream, Job, embed_streams
from voicetrail.training.events.fit import Scored, SingleClips, fit, main, scored
from voicetrail.training.events.loss import find_events
from voicetrail.training.events.model import EventModel
from voicetrail.training.events.streams import Kind, Shares, other_streams, spoken_stream
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN, is_word


def noisy(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    rng = np.random.default_rng(3)
    parts = [rng.standard_normal(16_000) * level for level in (0.001, 0.1, 0.02)]
    return np.resize(np.concatenate(parts), round(seconds * 16_000)).astype(np.float32)


def test_what_is_fitted_scores_as_the_recognizer_with_its_filter_does() -> None:
    weights = load_weights("directional4w")
    recognizer = Recognizer(weights)
    model = EventModel(weights.info, weights.model.head, DIRECTIONS)
    with torch.no_grad():
        model.taps.copy_(torch.randn(model.taps.shape, generator=torch.Generator().manual_seed(1)) * 0.2)
        model.offset.fill_(0.3)
    sound = noisy(6)
    embeddings = recognizer.embed_all(sound)
    scores = torch.sigmoid(model(embeddings, model.talk(embeddings, recognizer.hop)))
    rows = filtered(recognizer.score_all(sound), recognizer.labels, model.score_filter())
    columns = [recognizer.labels.index(word) for word in DIRECTIONS]
    expected = torch.tensor([[row[column] for column in columns] for _, row in rows]).T
    # Posteriors that reach the filter are rounded to three places, which log-odds near 0 enlarge.
    scores = scores.detach()
    assert float((scores - expected).abs().mean()) < 0.02
    assert float((scores - expected).abs().max()) < 0.2


def test_only_the_rows_of_the_words_change() -> None:
    weights = load_weights("directional4w")
    model = EventModel(weights.info, weights.model.head, DIRECTIONS)
    with torch.no_grad():
        model.moved.fill_(1.0)
    changed = (model.head()[0] != weights.model.head.weight).any(dim=1)
    assert {weights.info.classes[row] for row in changed.nonzero()[:, 0].tolist()} == {*DIRECTIONS}


def test_fitting_makes_a_word_one_high_score_and_other_sound_none() -> None:
    """Embeddings in which the word is a direction of its own: what the head knows nothing of."""
    weights = load_weights("directional4w")
    model = EventModel(weights.info, weights.model.head, DIRECTIONS)
    rng = torch.Generator().manual_seed(2)
    size, hops = weights.model.head.in_features, 200
    streams = []
    for _ in range(4):
        embeddings = torch.rand(hops, size, generator=rng) * 0.02
        said = [Spoken(DIRECTIONS[number % 4], (20 + 40 * number) * 640, (30 + 40 * number) * 640) for number in range(4)]
        for each in said:
            embeddings[each.begin // 640 + 4 : each.end // 640 + 2, DIRECTIONS.index(each.word)] += 2.0
        streams.append(Scored(embeddings.half(), torch.zeros(hops), find_events(said, DIRECTIONS, 640, hops)))
    clips = SingleClips(torch.rand(8, size, generator=rng) * 0.02, torch.full((8,), weights.info.classes.index(UNKNOWN)))
    first = fit(model, streams, clips, scale=0.01)
    last = fit(model, streams, clips, scale=10)
    assert last < 0.8 * first


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setattr("voicetrail.training.events.streams.LONGEST_S", 30.0)
    monkeypatch.setattr("voicetrail.training.events.streams.SHORT_S", 20.0)
    return replace(makers.corpus(8), talk=makers.recording(70, 5), behind=makers.recording(30, 6))


def test_streams_hold_their_words_in_any_surroundings(corpus: Corpus) -> None:
    shares = Shares(room=0.5, noise=0.5, talk=0.5, hum=0.5, telephone=0.2, gsm=0.2, opus=0.2, clipped=0.2, quiet=0.2)
    found = [spoken_stream(corpus, number, 1, shares=shares) for number in range(12)]
    assert len({stream.name for stream in found}) >= 3
    for stream in found:
        assert stream.sound.dtype == np.float32
        assert float(np.abs(stream.sound).max()) <= 1.0
        assert stream.spoken
        assert all(0 <= each.begin < each.end <= len(stream.sound) for each in stream.spoken)
    again = spoken_stream(corpus, 7, 1, shares=shares)
    assert np.array_equal(again.sound, found[7].sound), "each can be made alone, by any process"


def test_streams_for_a_larger_vocabulary_tell_where_its_words_are_said(corpus: Corpus) -> None:
    said = {each.word for number in range(4) for each in spoken_stream(corpus, number, 1, ("up", "cat")).spoken}
    assert said == {"up", "cat"}


def test_other_streams_hold_no_direction_and_all_of_the_speech(corpus: Corpus) -> None:
    found = {kind: list(other_streams(corpus, kind, 1)) for kind in Kind}
    assert not any(stream.spoken for streams in found.values() for stream in streams)
    for kind in (Kind.TALK, Kind.CHANGED_TALK):
        assert sum(stream.seconds for stream in found[kind]) >= 69
    assert [len(found[kind]) for kind in (Kind.WORDS, Kind.FLUENT)] == [2, 2]
    assert found[Kind.NOISE]


def test_a_filter_is_fitted_only_to_streams_in_which_all_its_words_are_known() -> None:
    weights = load_weights("18w")
    words = tuple(filter(is_word, weights.info.labels))
    embeddings = torch.zeros(50, weights.model.head.in_features).half()
    up = (Spoken("up", 6_400, 12_800),)
    streams = [
        EmbeddedStream(embeddings, up, DIRECTIONS),
        EmbeddedStream(embeddings, up, words),
        EmbeddedStream(embeddings, (), None),
    ]
    directions, all_words = (EventModel(weights.info, weights.model.head, each) for each in (DIRECTIONS, words))
    assert [len(each.events.spoken) for each in scored(streams, directions)] == [1, 1, 0]
    assert [len(each.events.spoken) for each in scored(streams, all_words)] == [1, 0]


def test_the_program_writes_weights_with_a_filter_and_both_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = makers.write_folder(tmp_path / "data", 12)
    monkeypatch.setattr("voicetrail.training.events.streams.LONGEST_S", 20.0)
    monkeypatch.setattr("voicetrail.training.events.streams.SHORT_S", 15.0)
    monkeypatch.setattr(fitting, "EPOCHS", 1)
    monkeypatch.setattr(fitting, "FILTER_EPOCHS", 1)
    chosen: list[tuple[str, ...]] = []

    def choose(
        weights: Weights, corpus: Corpus, seconds: float, rates: object, seeds: Sequence[int], every_word: bool
    ) -> list[Choice]:
        assert len(seeds) >= 2
        assert every_word == ("seven" in weights.info.labels)
        chosen.append(weights.info.labels)
        return [Choice(DetectorSettings(0.66, smoothing=0.04), 0.9, 1.0, 0.0, {"thresholds": [], "per_hour": {}})]

    monkeypatch.setattr(fitting, "choose_settings", choose)
    shipped = [Path("weights") / f"{name}.safetensors" for name in ("directional4w", "18w")]
    arguments = [*map(str, shipped), "--out", str(tmp_path / "out"), "--data", str(data), "--cache", str(tmp_path / "cache")]
    fewer = ["--streams", "2", "--processes", "1"]
    assert main([*arguments, *fewer]) == 0, capsys.readouterr().err
    filters = []
    for path in shipped:
        before, now = load_weights(path), load_weights(tmp_path / "out" / path.name)
        assert not torch.equal(now.model.head.weight, before.model.head.weight)
        key = "backbone.mix.conv.weight"
        assert torch.equal(now.model.state_dict()[key], before.model.state_dict()[key])
        assert now.info.score_filter is not None
        filters.append(now.info.score_filter)
        assert now.info.detector.threshold == 0.66
        assert {*now.info.detector.thresholds} == {*filter(is_word, now.info.labels)}
        assert now.info.unfiltered_detector == before.info.without_filter().detector
    assert filters[0] != filters[1], "each is fitted to its own words"
    assert len(chosen) == 2
    again = ["--fitted", str(tmp_path / "out"), "--out", str(tmp_path / "again")]
    assert main([*arguments, *again]) == 0, capsys.readouterr().err
    for path in shipped:
        assert (tmp_path / "again" / path.name).read_bytes() == (tmp_path / "out" / path.name).read_bytes()


def test_several_processes_make_the_same_streams(tmp_path: Path) -> None:
    data = makers.write_folder(tmp_path / "data", 12)
    folders, weights = find_folders(data), Path("weights/directional4w.safetensors")
    todo = [Job(Kind.NOISE), Job(Kind.NEIGHBORS)]
    one, two = (list(embed_streams(weights, folders, tmp_path / "cache", 1, todo, count)) for count in (1, 2))
    assert one
    assert [each.targets for each in one] == [each.targets for each in two]
    assert all(torch.equal(a.embeddings, b.embeddings) for a, b in zip(one, two, strict=True))


def test_settings_are_chosen_again_only_for_weights_with_a_filter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = makers.write_folder(tmp_path / "data", 12)
    plain = tmp_path / "plain.safetensors"
    weights = load_weights("directional4w")
    save_weights(plain, weights.model.state_dict(), weights.info.without_filter())
    assert main([str(plain), "--fitted", str(tmp_path), "--out", str(tmp_path), "--data", str(data)]) == 1
    assert "has no score filter" in capsys.readouterr().err


def test_only_weights_of_one_network_that_knows_the_directions_are_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = makers.write_folder(tmp_path / "data", 12)
    weights = load_weights("directional4w")
    fewer, other = tmp_path / "fewer.safetensors", tmp_path / "other.safetensors"
    save_weights(fewer, weights.model.state_dict(), replace(weights.info.without_filter(), labels=("up", UNKNOWN, NOISE)))
    small = build_model("temporal-resnet", weights.info.features, len(weights.info.classes))
    save_weights(other, small.state_dict(), replace(weights.info, architecture="temporal-resnet"))
    shipped = Path("weights/directional4w.safetensors")
    for paths, why in (((fewer,), "does not know up, down, left, right"), ((shipped, other), "is not the same network")):
        assert main([*map(str, paths), "--out", str(tmp_path / "out"), "--data", str(data)]) == 1
        message = capsys.readouterr().err
        assert why in message
        assert message.count("\n") == 1


def test_weights_that_are_not_there_are_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = makers.write_folder(tmp_path / "data", 12)
    assert main([str(tmp_path / "no.safetensors"), "--out", str(tmp_path / "out"), "--data", str(data)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
