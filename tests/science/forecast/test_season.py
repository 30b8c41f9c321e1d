"""The pooled season finds the year that was simulated, and none where there is none."""

import numpy as np

from shuke.science.forecast.panel import Panel
from shuke.science.forecast.season import fourier, pooled_season
from tests.science.forecast.worlds import MONDAY


def panel(values, group=None):
    return Panel(tuple((str(row),) for row in range(len(values))), values, MONDAY, group=group)


def test_an_exact_wave_is_found():
    wave = 1 + 0.3 * np.sin(2 * np.pi * np.arange(104) / 52)
    found = pooled_season(panel(np.outer([10.0, 50.0], wave)), season=52)[0]
    assert np.abs(found - wave[:52]).max() < 0.03
    assert abs(found.mean() - 1) < 1e-12


def test_noise_has_no_season():
    """Waves fitted to noise alone are as high as chance makes them; drawn in, most of them vanish."""
    noise = np.random.default_rng(1).poisson(20, (40, 104)).astype(float)
    found = pooled_season(panel(noise, np.arange(40)), season=52)
    assert np.abs(found - 1).mean() < 0.02
    assert (np.abs(found - 1).max(axis=1) < 1e-9).sum() > 12


def test_each_group_has_its_own_year_from_many_noisy_series():
    rng = np.random.default_rng(2)
    year = 2 * np.pi * np.arange(104) / 52
    courses = np.exp(0.4 * np.stack([np.sin(year), np.cos(year)]))
    group = np.arange(200) % 2
    # Twenty pieces a week: the year of one series drowns in chance, that of a hundred does not.
    sold = rng.poisson(20 * courses[group] * rng.gamma(10, 0.1, (200, 104))).astype(float)
    found = pooled_season(panel(sold, group), season=52)
    truth = courses[:, :52] / courses[:, :52].mean(axis=1, keepdims=True)
    assert np.abs(found - truth).max() < 0.1
    alone = pooled_season(panel(sold[:1]), season=52)[0]
    assert np.abs(alone - truth[0]).mean() > 2 * np.abs(found[0] - truth[0]).mean()


def test_a_short_history_has_no_season():
    assert (pooled_season(panel(np.ones((3, 60))), season=52) == 1).all()
    assert (pooled_season(panel(np.ones((3, 60))), season=1) == 1).all()


def test_waves_are_no_more_than_a_season_bears():
    assert fourier(np.arange(4), season=4, harmonics=3).shape == (4, 2)
