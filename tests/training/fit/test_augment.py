from __future__ import annotations

import numpy as np
import pytest
import torch

from voicetrail.spotting.features import BLANK_LEFT, FeatureSettings, LogMel, blank_past
from voicetrail.training.fit.augment import PictureMaker, warp_bank


@pytest.fixture(scope="module")
def sound() -> torch.Tensor:
    return torch.randn(4, 16_000, generator=torch.Generator().manual_seed(5)) * 0.1


def test_with_strength_zero_the_picture_is_the_games(sound: torch.Tensor) -> None:
    features = FeatureSettings()
    maker, plain = PictureMaker(features, strength=0.0), LogMel(features)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        hop = maker.draw_hop(rng)
        assert hop == features.hop_length
        assert maker.samples(hop) == features.used_samples
        torch.testing.assert_close(
            maker.pictures(rng, sound[:, -features.used_samples :], hop), plain(sound), rtol=1e-3, atol=1e-4
        )


def test_with_strength_one_pictures_differ_and_follow_from_the_seed(sound: torch.Tensor) -> None:
    maker = PictureMaker(FeatureSettings())

    def picture(seed: int) -> tuple[int, torch.Tensor]:
        rng = np.random.default_rng(seed)
        hop = maker.draw_hop(rng)
        return hop, maker.pictures(rng, sound.repeat(1, 2)[:, : maker.samples(hop)], hop)

    hops = set()
    for seed in range(8):
        hop, made = picture(seed)
        assert torch.equal(made, picture(seed)[1])
        assert made.shape == (4, 1, 40, 97)
        assert torch.isfinite(made).all()
        assert not torch.equal(made[0], made[1])
        hops.add(hop)
    assert len(hops) > 3
    assert min(hops) >= 160 * PictureMaker.TEMPO[0] - 1
    assert max(hops) <= 160 * PictureMaker.TEMPO[1] + 1


def test_masks_cover_whole_bands_or_frames() -> None:
    maker = PictureMaker(FeatureSettings())
    masked = maker._mask(np.random.default_rng(1), torch.ones(200, 1, 40, 97))
    covered = masked == 0
    bands, frames = covered.all(3).any((1, 2)), covered.all(2).any((1, 2))
    assert 0.3 < float(bands.float().mean()) < 0.5
    assert 0.15 < float(frames.float().mean()) < 0.35
    assert covered.flatten(1).float().mean(1).max() < 0.3
    whole = covered.all(3, keepdim=True) | covered.all(2, keepdim=True)
    assert torch.equal(whole.expand_as(covered), covered)


def bank() -> torch.Tensor:
    return LogMel().mel.get_submodule("mel_scale").get_buffer("fb")


def test_a_warp_by_one_is_none() -> None:
    assert torch.equal(warp_bank(bank(), 1.0), bank())


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25])
def test_a_warp_moves_each_band_by_its_factor(factor: float) -> None:
    def centers(of: torch.Tensor) -> torch.Tensor:
        bins = torch.arange(len(of)).unsqueeze(1)
        return (of * bins).sum(0) / of.sum(0)

    moved = centers(warp_bank(bank(), factor))[8:30] / centers(bank())[8:30]
    torch.testing.assert_close(moved, torch.full_like(moved, factor), rtol=0.02, atol=0)


def test_every_band_hears_something_after_a_warp() -> None:
    for factor in (0.8, 1.0, 1.3, 2.0):
        assert (warp_bank(bank(), factor).sum(0) > 0).all()


def test_a_blanked_past_is_an_even_floor_and_what_follows_is_untouched(sound: torch.Tensor) -> None:
    power = LogMel().power(sound)[0, 0]
    before = power.clone()
    blank_past(power, 40)
    assert torch.equal(power[:, 40:], before[:, 40:])
    assert (power[:, :40] == power[:, :1]).all()
    quieter = (before[:, 40:] < power[:, :1]).float().mean(1)
    assert 0.05 < float(quieter.min()) <= float(quieter.max()) < 0.15


def test_a_blanked_window_looks_as_the_game_blanks_it(sound: torch.Tensor) -> None:
    features = FeatureSettings()
    maker, plain = PictureMaker(features, strength=0.0), LogMel(features)
    used = sound[:, -features.used_samples :]
    made = maker.pictures(np.random.default_rng(0), used, features.hop_length, [0, 6_000, features.used_samples, 0])
    torch.testing.assert_close(made[0], plain(sound)[0], rtol=1e-3, atol=1e-4)
    floor = [int((made[row, 0] == made[row, 0, :, :1]).all(0).sum()) for row in range(4)]
    assert floor[1] == pytest.approx(6_000 / 160, abs=2)
    assert floor[2] == features.frames - BLANK_LEFT


def test_some_windows_come_by_telephone() -> None:
    maker = PictureMaker(FeatureSettings())
    gains = maker._lines(np.random.default_rng(0), 400)[:, :, 0]
    narrow = gains[gains.min(1).values < 0.5]
    assert 30 < len(narrow) < 120
    assert (narrow[:, 15:22] > 0.5).all(), "the middle of the voice is left"
