"""The year's course of a group of series, estimated together, because one series alone is too noisy for 52 weeks.

Each series is divided by its mean; the logarithm of a group's mean is a line plus waves of a year (Fourier terms, least
squares), and the waves are drawn to nothing by as much as chance alone would make of them (James and Stein 1961, the
positive part).  Pooling seasons over similar series: Dalhart (1974), Chen and Boylan (2007).

Worked: a group whose weeks are 1 + 0.3 sin(2 pi t / 52) exactly gets factors from 0.70 to 1.30; one of pure noise, 1.
"""

from __future__ import annotations

import numpy as np

from shuke.science.forecast.panel import Floats, Panel

HARMONICS = 3
#: Less history than this many seasons tells no season from a trend.
LEAST_SEASONS = 1.5


def pooled_season(panel: Panel, *, season: int, harmonics: int = HARMONICS) -> Floats:
    """Groups × ``season``: the factor of each place of the season (period modulo ``season``), mean about 1.

    All 1 where a group's history is shorter than ``LEAST_SEASONS`` or ``season`` is 1.
    """
    groups = panel.groups
    count = int(groups.max()) + 1 if len(groups) else 1
    factors = np.ones((count, season))
    if season < 2 or panel.periods < LEAST_SEASONS * season:
        return factors
    ratio = _ratios(panel.values)
    for group in range(count):
        part = ratio[groups == group]
        known = ~np.isnan(part)
        seen = known.sum(axis=0)
        if (seen > 0).sum() < LEAST_SEASONS * season:
            continue
        course = np.where(known, part, 0).sum(axis=0) / np.maximum(seen, 1)
        factors[group] = _waves(course, is_known=seen > 0, season=season, harmonics=harmonics)
    return factors


def _ratios(values: Floats) -> Floats:
    known = ~np.isnan(values)
    mean = np.where(known, values, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return values / np.where(mean > 0, mean, np.nan)[:, None]


def _waves(course: Floats, *, is_known: np.ndarray, season: int, harmonics: int) -> Floats:
    places = np.flatnonzero(is_known)
    height = np.log(np.maximum(course[places], 0.05))
    wave = fourier(np.arange(season), season=season, harmonics=harmonics)
    line = np.column_stack([np.ones(len(places)), places / len(course)])
    columns = np.column_stack([line, wave[places % season]])
    found, *_ = np.linalg.lstsq(columns, height, rcond=None)
    rest = height - columns @ found
    parts = wave.shape[1]
    variance = float(rest @ rest) / max(len(places) - columns.shape[1], 1)
    moved = columns[:, 2:] @ found[2:]
    strength = max(0.0, 1 - parts * variance / max(float(moved @ moved), 1e-12))
    factors = np.exp(strength * (wave @ found[2:]))
    ratio: Floats = factors / factors.mean()
    return ratio


def fourier(places: np.ndarray, *, season: int, harmonics: int) -> Floats:
    """Places × 2 ``harmonics`` (at most ``season`` - 1): sine and cosine of so many waves a season."""
    most = min(harmonics, (season - 1) // 2)
    angle = 2 * np.pi * np.asarray(places)[:, None] * np.arange(1, most + 1) / season
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
