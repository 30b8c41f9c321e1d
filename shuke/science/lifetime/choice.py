"""Which model, and whether the data tell anything of drop-out.

On regular shops of a year or less every library reports members as alive who were silent for half of it: the
likelihood is flat between "they left" and "they buy rarely".  The gate says so instead of showing churn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.fitting import Fit, NotFitted, fit
from shuke.science.lifetime.histories import Histories
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.model import Model
from shuke.science.lifetime.nbd import Nbd
from shuke.science.lifetime.pareto_nbd import ParetoNbd

#: A model of drop-out must gain this many units of log-likelihood over the same buying without drop-out.
LEAST_GAIN = 3.0
#: And somebody must be more likely gone than alive.
LIKELY_GONE = 0.5
MODELS: tuple[Model, ...] = (
    BgNbd(),
    MbgCnbd(1),
    MbgCnbd(2),
    MbgCnbd(3),
    MbgCnbd(4),
    ParetoNbd(),
)


@dataclass(frozen=True)
class Gate:
    """Whether drop-out is identified; ``reason`` is ``""``, ``no_gain`` or ``nobody_gone``.

    ``gain`` is in units of log-likelihood over ``without``, ``likely_gone`` the number of members below
    P(alive) 0.5.
    """

    is_identified: bool
    reason: str
    gain: float
    likely_gone: float
    without: Fit


@dataclass(frozen=True)
class Choice:
    """The fits, best first by Schwarz's criterion or by hold-out error, and what the best one may say."""

    fits: tuple[Fit, ...]
    holdout_errors: dict[str, float]
    gate: Gate

    @property
    def best(self) -> Fit:
        """The chosen fit."""
        return self.fits[0]


def dropout_gate(fitted: Fit, histories: Histories) -> Gate:
    """Compare a fit with the same buying without drop-out."""
    without = fit(Nbd(fitted.model.k if isinstance(fitted.model, MbgCnbd) else 1), histories)
    gain = fitted.log_likelihood - without.log_likelihood
    alive = fitted.model.probability_alive(fitted.theta, histories)
    gone = float(histories.weight[alive < LIKELY_GONE].sum())
    reason = "no_gain" if gain < LEAST_GAIN else ("" if gone else "nobody_gone")
    return Gate(not reason, reason, gain, gone, without)


def holdout_error(fitted: Fit, histories: Histories, *, orders: NDArray[np.float64], horizon: float) -> float:
    """Root mean squared error of members' orders in a hold-out of length ``horizon``.

    ``orders`` has the mean of the members of each row.
    """
    expected = fitted.model.expected_orders(fitted.theta, histories, horizon=horizon)
    return float(np.sqrt(np.average((expected - orders) ** 2, weights=histories.weight)))


def choose(
    histories: Histories,
    *,
    models: Sequence[Model] = MODELS,
    holdout_orders: NDArray[np.float64] | None = None,
    horizon: float = 0.0,
) -> Choice:
    """Fit the models and order them: by hold-out error where there is one, else by Schwarz's criterion.

    ``holdout_orders`` has the mean orders in the ``horizon`` after the histories for each row.  Hold-out errors
    within one per cent of the best count as equal and are ordered by the criterion.  Raises ``NotFitted`` if
    no model could be fitted.
    """
    fits = []
    for model in models:
        try:
            fits.append(fit(model, histories))
        except NotFitted:
            continue
    if not fits:
        raise NotFitted("No model of repeat buying could be fitted to these histories.")
    errors = {}
    if holdout_orders is not None:
        errors = {
            f.model.name: holdout_error(f, histories, orders=holdout_orders, horizon=horizon) for f in fits
        }
    least = min(errors.values(), default=0.0)
    fits.sort(key=lambda f: (errors.get(f.model.name, 0.0) > least * 1.01, f.bic))
    return Choice(tuple(fits), errors, dropout_gate(fits[0], histories))
