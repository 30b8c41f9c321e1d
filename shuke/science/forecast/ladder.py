"""The ladder of methods for one series, from repeating last season to a boosted decomposition.

The cores are statsforecast's (Nixtla, 2.1, C++), without its data frames, which cost more than the smoothing itself.
What sells seldom gets the methods made for it: Croston (1972) as corrected by Syntetos and Boylan (2005), TSB (Teunter,
Syntetos and Babai 2011), IMAPA (Petropoulos and Kourentzes 2015).  The others: SES (Brown 1956), Theta (Assimakopoulos
and Nikolopoulos 2000), ETS chosen by AICc (Hyndman and others 2002), MFLES (Blume 2024).

A forecast is never negative and never above ``CEILING`` times the highest value seen: a multiplicative trend that runs
away costs more than it ever brings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from shuke.science.forecast.panel import Floats

CEILING = 2.0
#: Mean periods between periods with a sale from which on a series sells seldom (Syntetos, Boylan and Croston 2005).
SELDOM = 1.32
#: With fewer values than this only the mean of them is forecast.
LEAST_HISTORY = 8
#: What a method remembers of a series from one origin to a later one: the form of ETS that was chosen.
Memory = dict[str, Any]
Method = Callable[[Floats, int, int, Memory], Floats]


def is_seldom(history: Floats) -> bool:
    """Whether a series (without missing values) sells so seldom that its zeros need methods of their own."""
    sales = int((history > 0).sum())
    return sales == 0 or len(history) / sales > SELDOM


def seasonal_naive(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """The value of one season before; the newest value where the history is shorter than a season."""
    del memory
    length = season if len(history) >= season else 1
    last = history[-length:]
    return last[np.arange(horizon) % length]


def ses(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """Simple exponential smoothing, its weight found by least squares."""
    from statsforecast.models import _ses_optimized

    del season, memory
    found = _ses_optimized(y=history, h=horizon, fitted=False)
    return np.asarray(found["mean"])


def theta(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """The standard Theta method."""
    from statsforecast.theta import auto_theta, forecast_theta

    del season, memory
    found = auto_theta(y=history, m=1, model="STM")
    return np.asarray(forecast_theta(found, h=horizon)["mean"])


def ets(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """Exponential smoothing of the form that AICc chooses; a later origin keeps the form that an earlier one chose."""
    from statsforecast.ets import ets_f, forecast_ets

    del season
    form = memory.get("ets", "")
    if not form:
        found = ets_f(history, m=1, model="ZZN")
    else:
        # A series that now has a week without a sale bears no multiplicative error any more.
        error = form[0] if history.min() > 0 else "A"
        found = ets_f(history, m=1, model=f"{error}{form[1]}N", damped=form[3] == "D")
    memory["ets"] = found["components"]
    return np.asarray(forecast_ets(found, h=horizon)["mean"])


def mfles(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """Boosted decomposition into median, trend, season and smoothing; its own season where two of them are known."""
    from statsforecast.mfles import MFLES

    del memory
    model = MFLES(verbose=0)
    has_season = season > 1 and len(history) >= 2 * season
    model.fit(
        history, seasonal_period=season if has_season else None, max_rounds=MFLES_ROUNDS, fourier_order=3
    )
    return np.asarray(model.predict(horizon))


#: Boosting rounds; more than these change the forecast by less than its error and cost as much again.
MFLES_ROUNDS = 16


def croston(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """Size of a sale over time between sales, without Croston's bias."""
    from statsforecast.models import _croston_sba

    del season, memory
    return np.asarray(_croston_sba(y=history, h=horizon, fitted=False)["mean"])


def tsb(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """Size of a sale times its probability, which falls while nothing is sold."""
    from statsforecast.models import _tsb

    del season, memory
    return np.asarray(_tsb(y=history, h=horizon, alpha_d=0.1, alpha_p=0.1, fitted=False)["mean"])


def imapa(history: Floats, horizon: int, season: int, memory: Memory) -> Floats:
    """The mean of smoothing sums over one period, two periods and so on."""
    from statsforecast.models import _imapa

    del season, memory
    return np.asarray(_imapa(y=history, h=horizon, fitted=False)["mean"])


#: Every method by its name, in the order of the ladder.
METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "seasonal_naive": seasonal_naive,
        "ses": ses,
        "theta": theta,
        "ets": ets,
        "mfles": mfles,
        "croston": croston,
        "tsb": tsb,
        "imapa": imapa,
    }
)
#: Which of them a series gets that sells in most periods, and which one that sells seldom.
USUAL = ("seasonal_naive", "ses", "theta", "ets", "mfles")
SELDOM_METHODS = ("seasonal_naive", "ses", "croston", "tsb", "imapa")
#: Methods that see the season by themselves; the others get the series without it.
OWN_SEASON = frozenset({"seasonal_naive", "mfles"})


def forecast_series(
    name: str, history: Floats, *, horizon: int, season: int, factors: Floats, memory: Memory
) -> Floats:
    """One method's forecast of one series without missing values, ``horizon`` periods from its end.

    ``factors``: the season's factor of each period of the history and of the horizon; 1 where there is no season.
    """
    if len(history) < LEAST_HISTORY or history.max() == history.min():
        mean = float(history.mean()) if len(history) else 0.0
        return np.full(horizon, mean)
    if name in OWN_SEASON:
        found = METHODS[name](history, horizon, season, memory)
    else:
        past, ahead = factors[: len(history)], factors[len(history) :]
        found = _tried(name, history / past, horizon=horizon, memory=memory) * ahead
    top = CEILING * float(history.max())
    return np.clip(np.nan_to_num(found, nan=float(history[-4:].mean()), posinf=top), 0.0, top)


def _tried(name: str, history: Floats, *, horizon: int, memory: Memory) -> Floats:
    """The method's forecast, or simple smoothing's where it finds no model (statsforecast raises bare errors)."""
    try:
        return METHODS[name](history, horizon, 1, memory)
    except Exception:  # noqa: BLE001 - ets_f says "no model able to be fitted" with Exception itself
        return ses(history, horizon, 1, memory)
